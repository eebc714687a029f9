package io.imageharbour.pool.client;

import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Timeout;

/** Runs where there is an RDMA device, in the guest of {@code integration-tests}. */
@Timeout(value = 400, unit = TimeUnit.SECONDS)
class KilledClientByRdmaInGuest extends KilledClientContract {

  KilledClientByRdmaInGuest() {
    super("rdma");
  }

  /** Queue pairs and registered memory; how often a device is open says nothing. */
  @Override
  String device() throws Exception {
    Process process = new ProcessBuilder("rdma", "resource", "show").start();
    try (var out = process.inputReader()) {
      return out.lines().collect(Collectors.joining("\n")).replaceAll(" ctx \\d+", "");
    } finally {
      int unused = process.waitFor();
    }
  }
}
