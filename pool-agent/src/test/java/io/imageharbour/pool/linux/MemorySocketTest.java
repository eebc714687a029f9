package io.imageharbour.pool.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
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
}
