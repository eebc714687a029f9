package io.imageharbour.pool.client;

import io.imageharbour.pool.memory.Region;
import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.transport.Offer;
import io.imageharbour.pool.transport.ReadChannel;
import io.imageharbour.pool.transport.RemoteRead;
import io.imageharbour.pool.transport.Transport;
import io.imageharbour.pool.transport.TransportException;
import io.imageharbour.pool.transport.WriteChannel;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A transport that counts what is read through it. */
record CountedReads(Transport transport, Map<Integer, Integer> byRegion) implements Transport {

  CountedReads(Transport transport) {
    this(transport, new ConcurrentHashMap<>());
  }

  /** How many reads of the lookup table were begun. */
  int looks() {
    return byRegion.getOrDefault(Region.TABLE, 0);
  }

  /** How many reads of slabs were begun. */
  int contents() {
    return byRegion.values().stream().mapToInt(Integer::intValue).sum() - looks();
  }

  @Override
  public String name() {
    return transport.name();
  }

  @Override
  public boolean reaches(Offer offer) {
    return transport.reaches(offer);
  }

  @Override
  public ReadChannel openForReading(Offer offer, Map<Integer, Long> sizes, Duration patience)
      throws IOException, InterruptedException {
    return new Counted(transport.openForReading(offer, sizes, patience), byRegion);
  }

  @Override
  public WriteChannel openForWriting(Offer offer, long stagingSize, Duration patience)
      throws IOException, InterruptedException {
    return transport.openForWriting(offer, stagingSize, patience);
  }

  @Override
  public void close() {
    transport.close();
  }

  private record Counted(ReadChannel channel, Map<Integer, Integer> byRegion)
      implements ReadChannel {

    @Override
    public RemoteRead prepare(Span span, Duration patience)
        throws TransportException, InterruptedException {
      return channel.prepare(span, patience);
    }

    @Override
    public void start(List<RemoteRead> reads) throws TransportException {
      reads.forEach(read -> byRegion.merge(read.span().region(), 1, Integer::sum));
      channel.start(reads);
    }

    @Override
    public void await(RemoteRead read, Duration patience)
        throws TransportException, InterruptedException {
      channel.await(read, patience);
    }

    @Override
    public boolean isOpen() {
      return channel.isOpen();
    }

    @Override
    public void close() {
      channel.close();
    }
  }
}
