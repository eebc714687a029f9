package io.imageharbour.testbed.bench.pool;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;
import io.imageharbour.pool.client.AgentChannel;
import io.imageharbour.pool.memory.LookupTable;
import io.imageharbour.pool.memory.Region;
import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.proto.HelloReply;
import io.imageharbour.pool.proto.HelloRequest;
import io.imageharbour.pool.transport.Offer;
import io.imageharbour.pool.transport.OfferMessages;
import io.imageharbour.pool.transport.ReadChannel;
import io.imageharbour.pool.transport.RemoteRead;
import io.imageharbour.pool.transport.Transport;
import io.imageharbour.testbed.bench.pool.ReadFigures.Kind;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/** Reads known addresses over a transport's channel, many on their way at once. */
final class ChannelReads implements AutoCloseable {

  private final Transport transport;
  private final ReadChannel channel;
  private final long tableSize;

  private ChannelReads(Transport transport, ReadChannel channel, long tableSize) {
    this.transport = transport;
    this.channel = channel;
    this.tableSize = tableSize;
  }

  static ChannelReads open(PoolSide side) throws IOException, InterruptedException {
    HelloReply hello = hello(side);
    Map<Integer, Long> sizes = OfferMessages.sizes(hello.getMemory());
    Transport transport = side.newTransport();
    for (Offer offer : OfferMessages.offers(hello, side.agent().host())) {
      if (transport.reaches(offer)) {
        return new ChannelReads(
            transport,
            transport.openForReading(offer, sizes, PoolSide.PATIENCE),
            sizes.getOrDefault(Region.TABLE, 0L));
      }
    }
    throw new HarbourException("the agent does not offer " + side.transport());
  }

  private static HelloReply hello(PoolSide side) throws IOException {
    EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    try (AgentChannel agent = new AgentChannel(side.agent(), side.security(), loop)) {
      return agent.call(
          PoolSide.PATIENCE,
          stub -> stub.hello(HelloRequest.newBuilder().setClient("benchmark").build()));
    } finally {
      loop.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
    }
  }

  /** Reads at random places, so many at once all the time. */
  ReadFigures measure(Contents contents, int inFlight) throws IOException, InterruptedException {
    List<Span> spans = new ArrayList<>();
    for (Digest digest : contents.digests()) {
      spans.add(lookUp(digest));
    }
    Timings timings = new Timings(contents.reads());
    SplittableRandom random = new SplittableRandom(4);
    Deque<RemoteRead> reads = new ArrayDeque<>(inFlight);
    Deque<Long> started = new ArrayDeque<>(inFlight);
    long begin = System.nanoTime();
    for (int i = 0; i < inFlight; i++) {
      reads.add(channel.prepare(spans.get(random.nextInt(spans.size())), PoolSide.PATIENCE));
      started.add(System.nanoTime());
    }
    channel.start(List.copyOf(reads));
    for (int i = 0; i < timings.capacity(); i++) {
      try (RemoteRead read = reads.remove()) {
        channel.await(read, PoolSide.PATIENCE);
        timings.add(System.nanoTime() - started.remove());
      }
      if (i + inFlight < timings.capacity()) {
        RemoteRead next =
            channel.prepare(spans.get(random.nextInt(spans.size())), PoolSide.PATIENCE);
        started.add(System.nanoTime());
        channel.start(List.of(next));
        reads.add(next);
      }
    }
    return timings.figures(Kind.CHANNEL, contents.size(), inFlight, System.nanoTime() - begin);
  }

  private Span lookUp(Digest digest) throws IOException, InterruptedException {
    try (RemoteRead bucket =
        channel.prepare(LookupTable.bucket(digest, tableSize), PoolSide.PATIENCE)) {
      channel.start(List.of(bucket));
      channel.await(bucket, PoolSide.PATIENCE);
      return LookupTable.find(bucket.bytes(), digest)
          .orElseThrow(() -> new HarbourException("the pool has lost a content"))
          .where();
    }
  }

  @Override
  public void close() {
    channel.close();
    transport.close();
  }
}
