package io.imageharbour.pool.client;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 180, unit = TimeUnit.SECONDS)
class KilledClientBySharedMemoryTest extends KilledClientContract {

  KilledClientBySharedMemoryTest() {
    super("shm");
  }
}
