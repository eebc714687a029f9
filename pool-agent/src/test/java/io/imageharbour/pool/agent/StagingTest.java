package io.imageharbour.pool.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.linux.SharedMemory;
import io.imageharbour.pool.memory.Regions;
import io.imageharbour.pool.policy.PolicyKind;
import io.imageharbour.pool.proto.AllocateReply;
import io.imageharbour.pool.proto.AllocateRequest;
import io.imageharbour.pool.proto.CommitReply;
import io.imageharbour.pool.proto.CommitRequest;
import io.imageharbour.pool.proto.Content;
import io.imageharbour.pool.proto.GoodbyeRequest;
import io.imageharbour.pool.proto.HelloRequest;
import io.imageharbour.pool.proto.PoolGrpc;
import io.imageharbour.pool.proto.PoolGrpc.PoolBlockingStub;
import io.imageharbour.pool.proto.StatsReply;
import io.imageharbour.pool.transport.Ticket;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Clients that do not do with their staging memory what they should; the agent loses nothing. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class StagingTest {

  private static final Duration LONG = Duration.ofMinutes(5);
  private static final Duration PATIENCE = Duration.ofSeconds(40);
  private static final Duration STEP = Duration.ofMillis(20);
  private static final long LIMIT = 8 << 20;
  private static final int MIB = 1 << 20;

  private final Random random = new Random(31);
  private final Regions regions = new Regions();
  private ContentMemory contents;
  private AgentSessions sessions;
  private Server server;
  private ManagedChannel channel;
  private PoolBlockingStub agent;

  @BeforeEach
  void start() throws Exception {
    start(LONG);
  }

  private void start(Duration idleStaging) throws Exception {
    contents = new ContentMemory(new SlabSource(false), regions, 32 * MIB, PolicyKind.LRU::create);
    sessions = new AgentSessions(LONG, idleStaging, LIMIT);
    PoolService service =
        new PoolService(
            new AgentIdentity("a", 1),
            contents,
            regions,
            sessions,
            List.of(),
            Optional.empty(),
            capacity -> {},
            StatsReply::getDefaultInstance);
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(service)
            .build()
            .start();
    channel = NettyChannelBuilder.forAddress("127.0.0.1", server.getPort()).usePlaintext().build();
    agent = PoolGrpc.newBlockingStub(channel);
  }

  @AfterEach
  void nothingIsHeld() throws Exception {
    channel.shutdownNow();
    server.shutdownNow();
    assertThat(server.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    sessions.close();
    assertThat(sessions.staging()).isZero();
    contents.close();
  }

  @Test
  void aBatchIsCommittedOnceAndByItsOwnSession() throws Exception {
    byte[] content = content(1000);
    ByteString mine = hello();
    ByteString other = hello();
    AllocateReply batch = allocate(mine, content);
    write(mine, batch, content);
    assertThatThrownBy(() -> commit(other, batch)).isInstanceOf(StatusRuntimeException.class);
    assertThat(commit(mine, batch).getStored()).isEqualTo(1);
    assertThatThrownBy(() -> commit(mine, batch)).isInstanceOf(StatusRuntimeException.class);
    assertThat(contents.usage().contents()).isEqualTo(1);
  }

  @Test
  void anEarlierBatchIsGivenUpForALaterOne() throws Exception {
    ByteString ticket = hello();
    byte[] content = content(1000);
    AllocateReply first = allocate(ticket, content(2000));
    AllocateReply second = allocate(ticket, content);
    write(ticket, second, content);
    assertThatThrownBy(() -> commit(ticket, first)).isInstanceOf(StatusRuntimeException.class);
    assertThat(commit(ticket, second).getStored()).isEqualTo(1);
  }

  @Test
  void whatIsWrittenWhileItIsCommittedIsStoredRightOrNotAtAll() throws Exception {
    try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
      ByteString ticket = hello();
      for (int i = 0; i < 100; i++) {
        byte[] content = content(500_000);
        AllocateReply batch = allocate(ticket, content);
        write(ticket, batch, content);
        MemorySegment staging = staging(ticket).segment();
        Future<?> writing =
            threads.submit(
                () -> {
                  for (int at = 499_999; at >= 0; at -= 5000) {
                    staging.set(ValueLayout.JAVA_BYTE, at, (byte) 0);
                  }
                });
        CommitReply committed = commit(ticket, batch);
        writing.get();
        assertThat(committed.getStored() + committed.getWrong()).isEqualTo(1);
      }
    }
    List<Digest> all = List.copyOf(contents.contents().keySet());
    long wrong = contents.usage().wrong();
    contents.check(all);
    assertThat(contents.usage().wrong()).isEqualTo(wrong);
  }

  @Test
  void aSessionThatEndsWhileItAllocatesKeepsNoStaging() throws Exception {
    try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
      for (int i = 0; i < 300; i++) {
        ByteString ticket = hello();
        Future<?> allocating = threads.submit(() -> quietly(() -> allocate(ticket, content(10))));
        quietly(() -> agent.goodbye(GoodbyeRequest.newBuilder().setTicket(ticket).build()));
        allocating.get();
        assertThat(sessions.staging()).isZero();
      }
    }
  }

  @Test
  void stagingOfASessionThatHasEndedIsNotOpened() throws Exception {
    ByteString ticket = hello();
    AgentSession session = session(ticket);
    sessions.end(session, "the test says so");
    assertThat(sessions.openStaging(session)).isFalse();
    assertThat(sessions.staging()).isZero();
  }

  @Test
  void aSessionThatEndsWhileItCommitsLosesNoMemory() throws Exception {
    try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
      for (int i = 0; i < 60; i++) {
        ByteString ticket = hello();
        byte[][] batch = {content(MIB), content(MIB), content(MIB)};
        AllocateReply allocated = allocate(ticket, batch);
        write(ticket, allocated, batch);
        Future<?> committing = threads.submit(() -> quietly(() -> commit(ticket, allocated)));
        quietly(() -> agent.goodbye(GoodbyeRequest.newBuilder().setTicket(ticket).build()));
        committing.get();
      }
    }
    contents.evictAll();
    assertThat(contents.usage().used()).isZero();
  }

  @Test
  void memoryThatCanNotBeReadCostsNoRoom() throws Exception {
    SharedMemory gone = SharedMemory.createWritable("test-staging", MIB);
    MemorySegment bytes = gone.segment().asSlice(0, 5000);
    gone.close();
    assertThatThrownBy(() -> contents.store(Digest.sha256(content(5000)), bytes))
        .isInstanceOf(IllegalStateException.class);
    assertThat(contents.usage().used()).isZero();
  }

  @Test
  void whoGetsNoStagingIsRefusedUntilOthersGiveItBack() throws Exception {
    List<ByteString> tickets = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      tickets.add(hello());
      allocate(tickets.getLast(), content(10));
    }
    assertThat(sessions.staging()).isEqualTo(LIMIT);
    assertThat(allocate(tickets.getLast(), content(10)).getStagingSize()).isZero();
    agent.goodbye(GoodbyeRequest.newBuilder().setTicket(tickets.getFirst()).build());
    byte[] content = content(10);
    AllocateReply batch = allocate(tickets.getLast(), content);
    write(tickets.getLast(), batch, content);
    assertThat(commit(tickets.getLast(), batch).getStored()).isEqualTo(1);
  }

  @Test
  void whoStaysButNeverCommitsKeepsNoStaging() throws Exception {
    nothingIsHeld();
    start(Duration.ofSeconds(3));
    ByteString ticket = hello();
    byte[] content = content(1000);
    AllocateReply batch = allocate(ticket, content);
    write(ticket, batch, content);
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (sessions.staging() > 0) {
      // heard of all the time
      assertThat(session(ticket)).isNotNull();
      assertThat(System.nanoTime()).isLessThan(deadline);
      LockSupport.parkNanos(STEP.toNanos());
    }
    assertThatThrownBy(() -> commit(ticket, batch)).isInstanceOf(StatusRuntimeException.class);
    assertThat(contents.usage().contents()).isZero();

    AllocateReply again = allocate(ticket, content);
    assertThat(again.getStagingSize()).isPositive();
    assertThat(sessions.staging()).isPositive();
  }

  private ByteString hello() {
    return agent.hello(HelloRequest.getDefaultInstance()).getTicket();
  }

  private AllocateReply allocate(ByteString ticket, byte[]... batch) {
    AllocateRequest.Builder request = AllocateRequest.newBuilder().setTicket(ticket);
    for (byte[] content : batch) {
      request.addContents(
          Content.newBuilder()
              .setDigest(ByteString.copyFrom(Digest.sha256(content).toBytes()))
              .setSize(content.length));
    }
    return agent.allocate(request.build());
  }

  private CommitReply commit(ByteString ticket, AllocateReply batch) {
    return agent.commit(
        CommitRequest.newBuilder().setTicket(ticket).setBatch(batch.getBatch()).build());
  }

  private void write(ByteString ticket, AllocateReply batch, byte[]... contents) {
    MemorySegment staging = staging(ticket).segment();
    for (int i = 0; i < contents.length; i++) {
      MemorySegment.copy(
          contents[i],
          0,
          staging,
          ValueLayout.JAVA_BYTE,
          batch.getPlaces(i).getOffset(),
          contents[i].length);
    }
  }

  private AgentSession session(ByteString ticket) {
    return sessions
        .findAgentSession(Ticket.read(ByteBuffer.wrap(ticket.toByteArray())))
        .orElseThrow();
  }

  private SharedMemory staging(ByteString ticket) {
    return session(ticket).transports().staging().orElseThrow();
  }

  private byte[] content(int size) {
    byte[] content = new byte[size];
    synchronized (random) {
      random.nextBytes(content);
    }
    return content;
  }

  /** A session that has ended is no surprise here; a bug of the agent is. */
  private static void quietly(Runnable call) {
    try {
      call.run();
    } catch (StatusRuntimeException e) {
      assertThat(e).hasMessageNotContaining("bug");
    }
  }
}
