package io.imageharbour.pool.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.imageharbour.pool.security.PoolSecurity;
import io.imageharbour.pool.transport.Transport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TransportNamesTest {

  @Test
  void whereThereIsNoDeviceTheOtherTransportsAreUsed(@TempDir Path directory) throws Exception {
    assumeFalse(Files.exists(Path.of("/dev/infiniband/rdma_cm")), "there is a device");
    PoolSecurity security = PoolSecurity.ofTokenMadeIfMissing(directory.resolve("token"));
    List<Transport> opened = TransportNames.open(List.of("rdma", "tcp", "shm"), security);
    assertThat(opened).extracting(Transport::name).containsExactly("tcp", "shm");
    opened.forEach(Transport::close);
  }
}
