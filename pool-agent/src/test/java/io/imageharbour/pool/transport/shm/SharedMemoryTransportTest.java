package io.imageharbour.pool.transport.shm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.pool.linux.SocketInUseException;
import io.imageharbour.pool.memory.Region;
import io.imageharbour.pool.memory.Regions;
import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.transport.Offer;
import io.imageharbour.pool.transport.Offer.SharedMemoryOffer;
import io.imageharbour.pool.transport.ReadChannel;
import io.imageharbour.pool.transport.Sessions;
import io.imageharbour.pool.transport.Transport;
import io.imageharbour.pool.transport.TransportContract;
import io.imageharbour.pool.transport.TransportServer;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedMemoryTransportTest extends TransportContract {

  @TempDir Path directory;

  @Override
  protected TransportServer serve(Regions regions, Sessions sessions) throws IOException {
    return new SharedMemoryServer(directory.resolve("agent.shm"), regions, sessions);
  }

  @Override
  protected Transport connect() throws IOException {
    return new SharedMemoryTransport();
  }

  @Test
  void anAgentOfAnotherHostIsNotReached() throws Exception {
    Offer elsewhere =
        new SharedMemoryOffer("another-boot", directory.resolve("agent.shm"), session(1).ticket());
    assertThat(connect().reaches(elsewhere)).isFalse();
  }

  @Test
  void aSecondAgentDoesNotTakeTheSocketOver() throws Exception {
    assertThatThrownBy(() -> serve(new Regions(), ticket -> Optional.empty()).close())
        .isInstanceOf(SocketInUseException.class)
        .hasMessageContaining("agent.shm");
    try (ReadChannel channel = open(session(1))) {
      Span span = new Span(1, 0, 100);
      assertThat(read(channel, span)).isEqualTo(bytes(span));
    }
  }

  /** As root, too: the seal is the kernel's. */
  @Test
  void nobodyElseCanWriteToARegion() throws Exception {
    MemorySegment table = regions().find(Region.TABLE).orElseThrow().memory().segment();
    assertThat(table.isReadOnly()).isFalse();
    try (FileChannel file =
        FileChannel.open(
            descriptor("test-region"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      assertThatThrownBy(() -> file.map(MapMode.READ_WRITE, 0, 4096))
          .isInstanceOf(IOException.class);
      assertThatThrownBy(() -> file.truncate(0)).isInstanceOf(IOException.class);
      assertThat(file.map(MapMode.READ_ONLY, 0, 4096).get(0))
          .isEqualTo(table.asByteBuffer().get(0));
    }
  }

  private static Path descriptor(String name) throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
      List<Path> paths = all.toList();
      for (Path path : paths) {
        if (Files.isSymbolicLink(path)
            && Files.readSymbolicLink(path).toString().contains("memfd:" + name)) {
          return path;
        }
      }
    }
    throw new AssertionError("this process has no memory " + name);
  }
}
