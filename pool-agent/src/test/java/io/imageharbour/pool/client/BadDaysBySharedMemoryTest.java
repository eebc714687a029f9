package io.imageharbour.pool.client;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 180, unit = TimeUnit.SECONDS)
class BadDaysBySharedMemoryTest extends OneSidedBadDaysContract {

  BadDaysBySharedMemoryTest() {
    super("shm", Load.FULL, Duration.ofSeconds(40), Duration.ofSeconds(4));
  }
}
