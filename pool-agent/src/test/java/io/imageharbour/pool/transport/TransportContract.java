package io.imageharbour.pool.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.pool.linux.SharedMemory;
import io.imageharbour.pool.memory.Region;
import io.imageharbour.pool.memory.Regions;
import io.imageharbour.pool.memory.Span;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What every transport has to do; each has a test that extends this. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
public abstract class TransportContract {

  /** Long enough for a guest in emulation on a machine that is busy. */
  protected static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final long STAGING = 4 << 20;

  private final Random random = new Random(7);
  private final Map<Long, Session> sessions = new ConcurrentHashMap<>();
  private final List<SharedMemory> memories = new ArrayList<>();
  private final Regions regions = new Regions();
  private TransportServer server;
  private Transport transport;
  private long openFilesBefore;

  /** Begins to serve. */
  protected abstract TransportServer serve(Regions regions, Sessions sessions) throws IOException;

  /** The client's side. */
  protected abstract Transport connect() throws IOException;

  /** What the server offers, as a client of the test would get it. */
  protected Offer complete(Offer offer) {
    return offer;
  }

  /** The first socket that the JVM closes makes it open one for itself. */
  @BeforeAll
  static void closeASocket() throws IOException {
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      new Socket(listener.getInetAddress(), listener.getLocalPort()).close();
    }
  }

  @BeforeEach
  void start() throws IOException {
    openFilesBefore = openFiles();
    addRegion(Region.TABLE, 1 << 20);
    addRegion(1, 8 << 20);
    server = serve(regions, ticket -> find(ticket));
    transport = connect();
  }

  @AfterEach
  void stop() throws Exception {
    transport.close();
    server.close();
    memories.forEach(SharedMemory::close);
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (openFiles() > openFilesBefore && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    assertThat(openFiles()).as("open files").isLessThanOrEqualTo(openFilesBefore);
  }

  @Test
  void aReadBringsTheBytesOfTheSpan() throws Exception {
    try (ReadChannel channel = open(session(1))) {
      for (int length : new int[] {1, 64, 512, 4096, 65_536, 65_537, 1 << 20}) {
        long offset = random.nextLong((8 << 20) - length + 1);
        assertThat(read(channel, new Span(1, offset, length))).isEqualTo(bytes(1, offset, length));
      }
      assertThat(read(channel, new Span(1, (8 << 20) - 1, 1)))
          .isEqualTo(bytes(1, (8 << 20) - 1, 1));
      assertThat(read(channel, new Span(Region.TABLE, 512, 512))).isEqualTo(bytes(0, 512, 512));
    }
  }

  @Test
  void aReadSeesWhatTheAgentHasWrittenSince() throws Exception {
    try (ReadChannel channel = open(session(1))) {
      MemorySegment slab = memories.get(1).segment();
      slab.asSlice(4096, 100).fill((byte) 42);
      assertThat(read(channel, new Span(1, 4096, 100))).containsOnly(42);
    }
  }

  @Test
  void manyReadsBegunTogetherBringEachItsOwnBytes() throws Exception {
    try (ReadChannel channel = open(session(1))) {
      List<RemoteRead> reads = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        int length = i % 8 == 0 ? 300_000 : 1 + random.nextInt(60_000);
        long offset = random.nextLong((8 << 20) - length + 1);
        reads.add(channel.prepare(new Span(1, offset, length), PATIENCE));
      }
      channel.start(reads);
      for (RemoteRead read : reads.reversed()) {
        channel.await(read, PATIENCE);
        assertThat(read.bytes().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(bytes(read.span()));
        read.close();
      }
    }
  }

  @Test
  void manyThreadsShareAChannel() throws Exception {
    try (ReadChannel channel = open(session(1));
        ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Future<Integer>> done = new ArrayList<>();
      for (int thread = 0; thread < 8; thread++) {
        Random mine = new Random(thread);
        done.add(
            threads.submit(
                () -> {
                  int right = 0;
                  for (int i = 0; i < 100; i++) {
                    int length = 1 + mine.nextInt(i % 10 == 0 ? 1 << 20 : 20_000);
                    Span span = new Span(1, mine.nextLong((8 << 20) - length + 1), length);
                    byte[] came = read(channel, span);
                    right += Arrays.equals(came, bytes(span)) ? 1 : 0;
                  }
                  return right;
                }));
      }
      for (Future<Integer> each : done) {
        assertThat(each.get()).isEqualTo(100);
      }
    }
  }

  @Test
  void whatIsOutsideARegionIsNotRead() throws Exception {
    try (ReadChannel channel = open(session(1))) {
      assertThatThrownBy(() -> channel.prepare(new Span(1, (8 << 20) - 10, 11), PATIENCE))
          .isInstanceOf(TransportException.class);
      assertThatThrownBy(() -> channel.prepare(new Span(2, 0, 1), PATIENCE))
          .isInstanceOf(TransportException.class);
      assertThatThrownBy(() -> channel.prepare(new Span(1, Long.MAX_VALUE, 1), PATIENCE))
          .isInstanceOf(TransportException.class);
      assertThat(read(channel, new Span(1, 0, 10))).isEqualTo(bytes(1, 0, 10));
    }
  }

  @Test
  void aClientMayTryWhatItsAgentNeverHad() throws Exception {
    Map<Integer, Long> lies = Map.of(Region.TABLE, 1L << 40, 1, 1L << 40, 7, 1L << 20);
    try (ReadChannel channel = open(session(1), lies)) {
      for (Span span :
          List.of(new Span(7, 0, 10), new Span(1, 8 << 20, 1), new Span(1, (8 << 20) - 1, 2))) {
        assertThatThrownBy(() -> read(channel, span)).isInstanceOf(TransportException.class);
      }
    } catch (TransportException e) {
      // a transport may refuse the lies at once, too
      assertThat(e).hasMessageContaining("agent");
    }
  }

  @Test
  void aNewChannelReadsRegionsThatCameLater() throws Exception {
    Session session = session(1);
    try (ReadChannel before = open(session)) {
      addRegion(2, 4 << 20);
      try (ReadChannel after = open(session)) {
        assertThat(read(after, new Span(2, 100, 100))).isEqualTo(bytes(2, 100, 100));
      }
      assertThat(read(before, new Span(1, 0, 100))).isEqualTo(bytes(1, 0, 100));
    }
  }

  @Test
  void buffersComeBackFromReadsThatWereClosed() throws Exception {
    try (ReadChannel channel = open(session(1))) {
      for (int i = 0; i < 3 * BufferPool.BUFFERS; i++) {
        RemoteRead neverBegun = channel.prepare(new Span(1, 0, 100_000), PATIENCE);
        neverBegun.close();
        assertThat(read(channel, new Span(1, i, 100_000))).isEqualTo(bytes(1, i, 100_000));
      }
    }
  }

  @Test
  void whoAsksForTooMuchAtOnceIsTold() throws Exception {
    try (ReadChannel channel = open(session(1))) {
      List<RemoteRead> all = new ArrayList<>();
      assertThatThrownBy(
              () -> {
                for (int i = 0; i <= BufferPool.BUFFERS; i++) {
                  all.add(channel.prepare(new Span(1, 0, 1), Duration.ofMillis(1)));
                }
              })
          .isInstanceOf(TransportException.class)
          .hasMessageContaining("too many reads");
      all.forEach(RemoteRead::close);
      assertThat(read(channel, new Span(1, 0, 1))).isEqualTo(bytes(1, 0, 1));
    }
  }

  @Test
  void aTicketThatTheAgentHasNotGivenOutOpensNothing() {
    Session stranger = new Session(Ticket.issue(99));
    Session guesser = new Session(Ticket.issue(session(1).ticket().session()));
    for (Session session : List.of(stranger, guesser)) {
      assertThatThrownBy(() -> open(session).close()).isInstanceOf(IOException.class);
      assertThatThrownBy(() -> openForWriting(session).close()).isInstanceOf(IOException.class);
    }
  }

  @Test
  void bytesAreWrittenIntoTheSessionsOwnStaging() throws Exception {
    Session mine = session(1);
    Session other = session(2);
    SharedMemory staging = openStaging(mine);
    SharedMemory others = openStaging(other);
    byte[] slabBefore = bytes(1, 0, 8 << 20);
    byte[] small = new byte[5000];
    byte[] large = new byte[1 << 20];
    random.nextBytes(small);
    random.nextBytes(large);
    try (WriteChannel channel = openForWriting(mine)) {
      write(channel, 100, small);
      write(channel, STAGING - large.length, large);
    }
    assertThat(slice(staging, 100, small.length)).isEqualTo(small);
    assertThat(slice(staging, STAGING - large.length, large.length)).isEqualTo(large);
    assertThat(slice(others, 0, (int) STAGING)).containsOnly(0);
    assertThat(bytes(1, 0, 8 << 20)).isEqualTo(slabBefore);
  }

  @Test
  void manyPiecesAreWrittenAtOnceEachToItsPlace() throws Exception {
    Session mine = session(1);
    SharedMemory staging = openStaging(mine);
    byte[] expected = new byte[(int) STAGING];
    List<WriteChannel.Piece> pieces = new ArrayList<>();
    // as many as are brought in one batch, of all sizes, with room between them
    int offset = 0;
    for (int i = 0; i < 512; i++) {
      byte[] bytes = new byte[i % 64 == 63 ? 200_000 : 1 + random.nextInt(3000)];
      random.nextBytes(bytes);
      System.arraycopy(bytes, 0, expected, offset, bytes.length);
      pieces.add(new WriteChannel.Piece(offset, onHeap(bytes)));
      offset += bytes.length + random.nextInt(64);
    }
    try (WriteChannel channel = openForWriting(mine)) {
      channel.write(pieces, PATIENCE);
      assertThat(slice(staging, 0, (int) STAGING)).isEqualTo(expected);
      write(channel, 0, new byte[] {7});
    }
    assertThat(slice(staging, 0, 1)).containsExactly(7);
  }

  @Test
  void onePieceOutsideStagingFailsAllOfThem() throws Exception {
    Session mine = session(1);
    SharedMemory unused = openStaging(mine);
    List<WriteChannel.Piece> pieces =
        List.of(
            new WriteChannel.Piece(0, onHeap(new byte[10])),
            new WriteChannel.Piece(STAGING - 9, onHeap(new byte[10])),
            new WriteChannel.Piece(64, onHeap(new byte[1 << 20])));
    try (WriteChannel channel = openForWriting(mine)) {
      assertThatThrownBy(() -> channel.write(pieces, PATIENCE))
          .isInstanceOf(TransportException.class);
    }
  }

  @Test
  void nothingIsWrittenOutsideStaging() throws Exception {
    Session mine = session(1);
    SharedMemory staging = openStaging(mine);
    for (long offset : new long[] {STAGING - 9, STAGING, Long.MAX_VALUE - 4, -1}) {
      try (WriteChannel channel = openForWriting(mine)) {
        assertThatThrownBy(() -> write(channel, offset, new byte[10]))
            .isInstanceOfAny(TransportException.class, IllegalArgumentException.class);
      }
    }
    assertThat(slice(staging, 0, (int) STAGING)).containsOnly(0);
  }

  @Test
  void aSessionWithoutStagingCanNotWrite() {
    assertThatThrownBy(() -> openForWriting(session(1)).close()).isInstanceOf(IOException.class);
  }

  @Test
  void aChannelThatIsClosedEndsAllReads() throws Exception {
    List<RemoteRead> reads = new ArrayList<>();
    ReadChannel channel = open(session(1));
    for (int i = 0; i < 10; i++) {
      reads.add(channel.prepare(new Span(1, 0, 1 << 20), PATIENCE));
    }
    channel.start(reads);
    channel.close();
    for (RemoteRead read : reads) {
      try {
        channel.await(read, PATIENCE);
        assertThat(read.bytes().toArray(ValueLayout.JAVA_BYTE)).isEqualTo(bytes(read.span()));
      } catch (TransportException e) {
        assertThat(e).hasMessageNotContaining("in time");
      }
      read.close();
    }
    assertThat(channel.isOpen()).isFalse();
    assertThatThrownBy(() -> read(channel, new Span(1, 0, 1)))
        .isInstanceOf(TransportException.class);
  }

  private Optional<Session> find(Ticket ticket) {
    return Optional.ofNullable(sessions.get(ticket.session()))
        .filter(session -> session.ticket().equals(ticket));
  }

  protected final Session session(long number) {
    return sessions.computeIfAbsent(number, n -> new Session(Ticket.issue(n)));
  }

  protected final ReadChannel open(Session session) throws IOException, InterruptedException {
    return open(
        session,
        regions.geometry().regions().stream()
            .collect(Collectors.toMap(Region::number, Region::size)));
  }

  private ReadChannel open(Session session, Map<Integer, Long> sizes)
      throws IOException, InterruptedException {
    Offer offer = complete(server.offer(session));
    assertThat(transport.reaches(offer)).isTrue();
    return transport.openForReading(offer, sizes, PATIENCE);
  }

  protected static void write(WriteChannel channel, long offset, byte... bytes)
      throws IOException, InterruptedException {
    channel.write(List.of(new WriteChannel.Piece(offset, onHeap(bytes))), PATIENCE);
  }

  protected final WriteChannel openForWriting(Session session)
      throws IOException, InterruptedException {
    return transport.openForWriting(complete(server.offer(session)), STAGING, PATIENCE);
  }

  protected final SharedMemory openStaging(Session session) throws IOException {
    SharedMemory staging = SharedMemory.createWritable("test-staging", STAGING);
    memories.add(staging);
    session.openStaging(staging);
    return staging;
  }

  protected final Regions regions() {
    return regions;
  }

  protected static byte[] read(ReadChannel channel, Span span)
      throws IOException, InterruptedException {
    try (RemoteRead read = channel.prepare(span, PATIENCE)) {
      channel.start(List.of(read));
      channel.await(read, PATIENCE);
      return read.bytes().toArray(ValueLayout.JAVA_BYTE);
    }
  }

  protected final byte[] bytes(Span span) {
    return bytes(span.region(), span.offset(), span.length());
  }

  private byte[] bytes(int region, long offset, int length) {
    return slice(memories.get(region), offset, length);
  }

  private static byte[] slice(SharedMemory memory, long offset, int length) {
    return memory.segment().asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
  }

  private static MemorySegment onHeap(byte[] bytes) {
    return MemorySegment.ofArray(bytes);
  }

  private void addRegion(int number, long size) throws IOException {
    SharedMemory memory = SharedMemory.create("test-region", size, false);
    byte[] content = new byte[(int) size];
    random.nextBytes(content);
    memory.segment().copyFrom(MemorySegment.ofArray(content));
    memories.add(memory);
    regions.add(new Region(number, memory));
  }

  /** Sockets and memory; the JVM opens other things for itself. */
  private static long openFiles() throws IOException {
    long open = 0;
    try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
      for (Path file : (Iterable<Path>) files::iterator) {
        try {
          String target = Files.readSymbolicLink(file).toString();
          open += target.startsWith("socket:") || target.startsWith("/memfd:") ? 1 : 0;
        } catch (NoSuchFileException closedMeanwhile) {
          open += 0;
        }
      }
    }
    return open;
  }
}
