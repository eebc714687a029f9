package io.imageharbour.pool.client;

import io.imageharbour.pool.transport.rdma.DeviceObjects;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;

/** Runs where there is an RDMA device, in the guest of {@code integration-tests}. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class BadDaysByRdmaInGuest extends OneSidedBadDaysContract {

  /** Longer than an answer takes in emulation when the machine below is busy, too. */
  private static final Duration ANSWER = Duration.ofSeconds(20);

  BadDaysByRdmaInGuest() {
    super("rdma", new Load(2, 1, 2, 20), Duration.ofSeconds(120), Duration.ofSeconds(12));
  }

  @Override
  PoolConfig config(int replicas) {
    return new PoolConfig(replicas, ANSWER, ANSWER, Duration.ofMillis(300));
  }

  @Override
  Map<String, Long> device() throws Exception {
    return DeviceObjects.count();
  }
}
