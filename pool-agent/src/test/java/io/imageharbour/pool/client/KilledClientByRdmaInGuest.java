package io.imageharbour.pool.client;

import io.imageharbour.pool.transport.rdma.DeviceObjects;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;

/** Runs where there is an RDMA device, in the guest of {@code integration-tests}. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class KilledClientByRdmaInGuest extends KilledClientContract {

  KilledClientByRdmaInGuest() {
    super("rdma");
  }

  @Override
  Map<String, Long> device() throws Exception {
    return DeviceObjects.count();
  }
}
