package io.imageharbour.pool.transport.rdma;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.transport.ReadChannel;
import io.imageharbour.pool.transport.RemoteRead;
import io.imageharbour.pool.transport.TransportException;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What becomes of reads when the agent's process is stopped or killed; runs in the guest. */
@Timeout(300)
final class RdmaAgentInGuest {

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final Map<Integer, Long> SIZES = Map.of(1, (long) RdmaAgentProcess.SIZE);

  private RdmaAgentProcess agent;
  private RdmaTransport transport;

  @BeforeEach
  void start() throws IOException {
    agent = RdmaAgentProcess.start(System.getProperty("harbour.rdma.address"));
    transport = new RdmaTransport();
  }

  @AfterEach
  void stop() throws Exception {
    transport.close();
    agent.close();
  }

  @Test
  void anAgentThatIsStoppedGoesOnBeingRead() throws Exception {
    byte[] content = RdmaAgentProcess.content();
    try (ReadChannel channel = transport.openForReading(agent.offer(), SIZES, PATIENCE)) {
      agent.stop();
      for (int offset = 0; offset < content.length; offset += 1 << 20) {
        byte[] part = Arrays.copyOfRange(content, offset, offset + (1 << 20));
        assertThat(Arrays.mismatch(read(channel, new Span(1, offset, 1 << 20)), part))
            .isEqualTo(-1);
      }
    }
  }

  @Test
  void anAgentThatIsStoppedIsNotWaitedForLongerThanAsked() throws Exception {
    agent.stop();
    assertThatThrownBy(
            () -> transport.openForReading(agent.offer(), SIZES, Duration.ofMillis(300)).close())
        .isInstanceOf(TransportException.class)
        .hasMessageContaining("in time");
  }

  @Test
  void anAgentThatIsKilledFailsReadsAndEndsTheChannel() throws Exception {
    ReadChannel channel = transport.openForReading(agent.offer(), SIZES, PATIENCE);
    List<RemoteRead> reads = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      reads.add(channel.prepare(new Span(1, 0, 1 << 20), PATIENCE));
    }
    channel.start(reads);

    agent.kill();

    for (RemoteRead read : reads) {
      try {
        channel.await(read, PATIENCE);
      } catch (TransportException e) {
        assertThat(e).hasMessageNotContaining("in time");
      }
      read.close();
    }
    assertThatThrownBy(() -> read(channel, new Span(1, 0, 100)))
        .isInstanceOf(TransportException.class)
        .hasMessageNotContaining("in time");
    assertThat(channel.isOpen()).isFalse();
    channel.close();
    assertThatThrownBy(() -> transport.openForReading(agent.offer(), SIZES, PATIENCE).close())
        .isInstanceOf(TransportException.class);
  }

  private static byte[] read(ReadChannel channel, Span span)
      throws IOException, InterruptedException {
    try (RemoteRead read = channel.prepare(span, PATIENCE)) {
      channel.start(List.of(read));
      channel.await(read, PATIENCE);
      return read.bytes().toArray(ValueLayout.JAVA_BYTE);
    }
  }
}
