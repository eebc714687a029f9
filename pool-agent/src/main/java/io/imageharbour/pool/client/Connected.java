package io.imageharbour.pool.client;

import com.google.protobuf.ByteString;
import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.memory.LookupTable;
import io.imageharbour.pool.memory.LookupTable.Entry;
import io.imageharbour.pool.memory.Region;
import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.proto.HelloReply;
import io.imageharbour.pool.transport.MemoryGoneException;
import io.imageharbour.pool.transport.Offer;
import io.imageharbour.pool.transport.OfferMessages;
import io.imageharbour.pool.transport.ReadChannel;
import io.imageharbour.pool.transport.RemoteRead;
import io.imageharbour.pool.transport.Transport;
import io.imageharbour.pool.transport.TransportException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * An agent's memory, as one session sees it: looks contents up in the table and reads them. Safe
 * for use by many threads.
 */
final class Connected implements AutoCloseable {

  /**
   * So many addresses are remembered; when there are more, all are forgotten, and looked up again.
   */
  private static final int MAX_ADDRESSES = 16 << 10;

  private final HelloReply hello;
  private final Offer offer;
  private final Transport transport;
  private final ReadChannel channel;
  private final Map<Integer, Long> sizes;
  private final long tableSize;

  /** Where contents were that were read before: these need no look into the table. */
  private final ConcurrentMap<Digest, Entry> addresses = new ConcurrentHashMap<>();

  /** How a read ended that did not fail. */
  enum Outcome {
    TAKEN,
    /** The agent does not have it, or not where this session can read it. */
    MISSING,
    /** What the agent has under this name is something else. */
    WRONG
  }

  private Connected(
      HelloReply hello,
      Offer offer,
      Transport transport,
      ReadChannel channel,
      Map<Integer, Long> sizes,
      long tableSize) {
    this.hello = hello;
    this.offer = offer;
    this.transport = transport;
    this.channel = channel;
    this.sizes = sizes;
    this.tableSize = tableSize;
  }

  /**
   * Connects to the memory of an agent that has answered to hello, by the first transport that
   * reaches it, and reads from it once.
   *
   * @param host where the agent was reached
   * @param transports the best first
   * @throws IOException if none reaches it
   */
  static Connected open(
      HelloReply hello, String host, List<Transport> transports, Duration patience)
      throws IOException, InterruptedException {
    Map<Integer, Long> sizes = OfferMessages.sizes(hello.getMemory());
    long tableSize = sizes.getOrDefault(Region.TABLE, 0L);
    if (!LookupTable.isTableSize(tableSize)) {
      throw new TransportException("the agent's lookup table has " + tableSize + " bytes");
    }
    List<Offer> offers = OfferMessages.offers(hello, host);
    IOException failure =
        new TransportException(
            "the agent offers none of the transports "
                + transports.stream().map(Transport::name).toList());
    for (Transport transport : transports) {
      for (Offer offer : offers) {
        if (transport.reaches(offer)) {
          try {
            return open(hello, offer, transport, sizes, tableSize, patience);
          } catch (IOException e) {
            e.addSuppressed(failure);
            failure = e;
          }
        }
      }
    }
    throw failure;
  }

  private static Connected open(
      HelloReply hello,
      Offer offer,
      Transport transport,
      Map<Integer, Long> sizes,
      long tableSize,
      Duration patience)
      throws IOException, InterruptedException {
    ReadChannel channel = transport.openForReading(offer, sizes, patience);
    Connected connected = new Connected(hello, offer, transport, channel, sizes, tableSize);
    try {
      connected.probe(patience);
      return connected;
    } catch (IOException | InterruptedException | RuntimeException e) {
      connected.close();
      throw e;
    }
  }

  HelloReply hello() {
    return hello;
  }

  ByteString ticket() {
    return hello.getTicket();
  }

  Offer offer() {
    return offer;
  }

  Transport transport() {
    return transport;
  }

  boolean isOpen() {
    return channel.isOpen();
  }

  /**
   * Reads a content: looks where it lies, unless that is known, and reads it. What is known may be
   * out of date, and what was looked up, too, if the content has gone or moved in between; then it
   * looks once more.
   *
   * @param size of the content in bytes
   * @throws TransportException if the agent's memory could not be read in time
   * @throws IOException if {@code taker} failed
   */
  Outcome read(Digest digest, int size, ContentTaker taker, Duration patience)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + patience.toNanos();
    Optional<Entry> known = Optional.ofNullable(addresses.get(digest));
    Optional<Entry> entry = known.isPresent() ? known : lookUp(digest, deadline);
    for (int looks = 0; entry.isPresent(); looks++) {
      Span where = entry.get().where();
      if (where.length() != size) {
        return Outcome.WRONG;
      }
      if (!isWithin(where)) {
        return Outcome.MISSING;
      }
      Outcome outcome = take(where, taker, deadline);
      if (outcome == Outcome.TAKEN) {
        if (known.isEmpty() || looks > 0) {
          remember(digest, entry.get());
        }
        return outcome;
      }
      addresses.remove(digest);
      Optional<Entry> now = lookUp(digest, deadline);
      if (now.equals(entry) || looks > 0) {
        return outcome;
      }
      entry = now;
    }
    return Outcome.MISSING;
  }

  /**
   * Reads something, whatever it is.
   *
   * @throws TransportException if the agent's memory could not be read in time
   */
  void probe(Duration patience) throws TransportException, InterruptedException {
    Optional<Entry> unused = lookUp(Digest.EMPTY, System.nanoTime() + patience.toNanos());
  }

  @Override
  public void close() {
    channel.close();
  }

  /** A region that came after the connection was made is as good as a content that is not there. */
  private boolean isWithin(Span span) {
    return span.isWithin(sizes.getOrDefault(span.region(), 0L));
  }

  private void remember(Digest digest, Entry entry) {
    if (addresses.size() >= MAX_ADDRESSES) {
      addresses.clear();
    }
    addresses.put(digest, entry);
  }

  private Optional<Entry> lookUp(Digest digest, long deadline)
      throws TransportException, InterruptedException {
    try (RemoteRead bucket = read(LookupTable.bucket(digest, tableSize), deadline)) {
      return LookupTable.find(bucket.bytes(), digest);
    }
  }

  private Outcome take(Span span, ContentTaker taker, long deadline)
      throws IOException, InterruptedException {
    try (RemoteRead content = read(span, deadline)) {
      ByteBuffer bytes = content.bytes().asByteBuffer().asReadOnlyBuffer();
      return taker.take(bytes) ? Outcome.TAKEN : Outcome.WRONG;
    } catch (MemoryGoneException e) {
      // its slab went back to the host, or is not registered: the table says where it is now
      return Outcome.MISSING;
    }
  }

  private RemoteRead read(Span span, long deadline)
      throws TransportException, InterruptedException {
    RemoteRead read = channel.prepare(span, left(deadline));
    try {
      channel.start(List.of(read));
      channel.await(read, left(deadline));
      return read;
    } catch (TransportException | InterruptedException | RuntimeException e) {
      read.close();
      throw e;
    }
  }

  private static Duration left(long deadline) {
    return Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
  }
}
