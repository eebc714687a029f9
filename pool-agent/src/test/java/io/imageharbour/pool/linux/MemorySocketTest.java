package io.imageharbour.pool.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 30, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MemorySocketTest {

  @TempDir Path directory;

  @Test
  void whoConnectsToAProgramThatAcceptsNobodyGivesUpInTime() throws Exception {
    Path path = directory.resolve("socket");
    List<MemorySocket> waiting = new ArrayList<>();
    try (MemorySocket listener = MemorySocket.listen(path)) {
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 10_000; i++) {
                  waiting.add(MemorySocket.connect(path, Duration.ofMillis(100)));
                }
              })
          .isInstanceOf(IOException.class);
      assertThat(waiting).hasSizeBetween(1, 9_999);
    } finally {
      waiting.forEach(MemorySocket::close);
    }
  }

  @Test
  void endingASocketThatIsClosedDoesNotTouchItsSuccessor() throws Exception {
    Path path = directory.resolve("socket");
    try (MemorySocket listener = MemorySocket.listen(path)) {
      MemorySocket first = MemorySocket.connect(path, Duration.ofSeconds(5));
      listener.accept().close();
      first.close();
      try (MemorySocket second = MemorySocket.connect(path, Duration.ofSeconds(5));
          MemorySocket server = listener.accept()) {
        first.shutDown();
        second.send(ByteBuffer.wrap(new byte[] {42}));
        try (MemorySocket.Message message = server.receive()) {
          assertThat(message.bytes().get()).isEqualTo((byte) 42);
        }
      }
    }
  }

  @Test
  void aSocketThatSomebodyListensOnStaysTheirs() throws Exception {
    Path path = directory.resolve("socket");
    try (MemorySocket listener = MemorySocket.listen(path)) {
      assertThatThrownBy(() -> MemorySocket.listen(path).close())
          .isInstanceOf(SocketInUseException.class)
          .hasMessage(
              "cannot listen on the socket %s: another process listens there; stop that one, or"
                  + " choose another path with the key \"socket\"",
              path);
      listener.accept().close();
      try (MemorySocket client = MemorySocket.connect(path, Duration.ofSeconds(5));
          MemorySocket server = listener.accept()) {
        client.send(ByteBuffer.wrap(new byte[] {42}));
        server.receive().close();
      }
    }
  }

  @Test
  void aSocketOfAnotherKindStaysItsOwners() throws Exception {
    Path path = directory.resolve("socket");
    try (ServerSocketChannel stream = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      stream.bind(UnixDomainSocketAddress.of(path));
      assertThatThrownBy(() -> MemorySocket.listen(path).close())
          .isInstanceOf(SocketInUseException.class);
      try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
        assertThat(client.isConnected()).isTrue();
      }
    }
  }

  @Test
  void aSocketThatWasLeftBehindIsReplaced() throws Exception {
    Path path = directory.resolve("socket");
    MemorySocket.listen(path).close();
    assertThat(path).exists();
    try (MemorySocket listener = MemorySocket.listen(path);
        MemorySocket client = MemorySocket.connect(path, Duration.ofSeconds(5));
        MemorySocket server = listener.accept()) {
      client.send(ByteBuffer.wrap(new byte[] {42}));
      server.receive().close();
    }
  }

  @Test
  void aFileThatIsNoSocketIsKept() throws Exception {
    Path path = Files.writeString(directory.resolve("socket"), "somebody's");
    assertThatThrownBy(() -> MemorySocket.listen(path).close())
        .isInstanceOf(SocketInUseException.class)
        .hasMessageContaining("no socket");
    assertThat(path).hasContent("somebody's");
  }

  @Test
  void memoryThatWasGivenBackIsNotPassed() throws Exception {
    Path path = directory.resolve("socket");
    try (MemorySocket listener = MemorySocket.listen(path);
        MemorySocket client = MemorySocket.connect(path, Duration.ofSeconds(5));
        MemorySocket server = listener.accept()) {
      SharedMemory memory = SharedMemory.create("test-region", 4096, false);
      memory.close();
      // which may get the number that the memory's descriptor had
      try (SharedMemory other = SharedMemory.create("test-other", 4096, false)) {
        assertThatThrownBy(() -> server.send(ByteBuffer.wrap(new byte[1]), memory))
            .isInstanceOf(IOException.class)
            .hasMessageContaining("given back");
      }
    }
  }

  @Test
  void ofDescriptorsThatNobodyAskedForNoneIsKept() throws Exception {
    Path path = directory.resolve("socket");
    try (MemorySocket listener = MemorySocket.listen(path);
        SharedMemory memory = SharedMemory.create("test-region", 4096, false)) {
      int descriptor = memory.duplicateDescriptor();
      for (int count = 2; count <= 5; count++) {
        try (RawSocket client = new RawSocket(path);
            MemorySocket server = listener.accept()) {
          client.sendDescriptors(descriptor, count);
          assertThatThrownBy(server::receive).isInstanceOf(IOException.class);
        }
      }
      SharedMemory.closeDescriptor(descriptor);
      assertThat(descriptors("/memfd:test-region")).isEqualTo(1);
    }
  }

  private static long descriptors(String name) throws IOException {
    long open = 0;
    try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      for (Path file : (Iterable<Path>) files::iterator) {
        if (Files.isSymbolicLink(file)
            && Files.readSymbolicLink(file).toString().startsWith(name)) {
          open++;
        }
      }
    }
    return open;
  }

  /** A client that says what {@link MemorySocket} does not. */
  private static final class RawSocket implements AutoCloseable {

    private static final int SEQUENCED_PACKETS = 5;

    private final int fd;

    RawSocket(Path path) throws IOException {
      byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
      fd = Libc.socket(1, SEQUENCED_PACKETS);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment address = arena.allocate(110, 8);
        address.set(ValueLayout.JAVA_SHORT, 0, (short) 1);
        MemorySegment.copy(name, 0, address, ValueLayout.JAVA_BYTE, 2, name.length);
        Libc.connect(fd, address, 110);
      }
    }

    /** One byte, and with it the same descriptor so many times. */
    void sendDescriptors(int descriptor, int count) throws IOException {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment vector = arena.allocate(16, 8);
        vector.set(ValueLayout.ADDRESS, 0, arena.allocate(1));
        vector.set(ValueLayout.JAVA_LONG, 8, 1);
        long length = 16 + 4L * count;
        MemorySegment control = arena.allocate(length, 8);
        control.set(ValueLayout.JAVA_LONG, 0, length);
        control.set(ValueLayout.JAVA_INT, 8, 1); // SOL_SOCKET
        control.set(ValueLayout.JAVA_INT, 12, 1); // SCM_RIGHTS
        for (int i = 0; i < count; i++) {
          control.set(ValueLayout.JAVA_INT, 16 + 4L * i, descriptor);
        }
        MemorySegment header = arena.allocate(56, 8);
        header.set(ValueLayout.ADDRESS, 16, vector);
        header.set(ValueLayout.JAVA_LONG, 24, 1);
        header.set(ValueLayout.ADDRESS, 32, control);
        header.set(ValueLayout.JAVA_LONG, 40, length);
        Libc.sendmsg(fd, header, 0);
      }
    }

    @Override
    public void close() throws IOException {
      Libc.close(fd);
    }
  }
}
