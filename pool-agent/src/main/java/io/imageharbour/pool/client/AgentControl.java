package io.imageharbour.pool.client;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.proto.Content;
import io.imageharbour.pool.proto.EvictReply;
import io.imageharbour.pool.proto.EvictRequest;
import io.imageharbour.pool.proto.HasReply;
import io.imageharbour.pool.proto.HasRequest;
import io.imageharbour.pool.proto.ImagesReply;
import io.imageharbour.pool.proto.ImagesRequest;
import io.imageharbour.pool.proto.ListReply;
import io.imageharbour.pool.proto.ListRequest;
import io.imageharbour.pool.proto.PopularImage;
import io.imageharbour.pool.proto.ResizeReply;
import io.imageharbour.pool.proto.ResizeRequest;
import io.imageharbour.pool.proto.Share;
import io.imageharbour.pool.proto.StatsReply;
import io.imageharbour.pool.proto.StatsRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/**
 * What people, and programs for them, ask of one agent. Safe for use by many threads; every call
 * fails with {@link AgentUnavailableException} if the agent does not answer, or refuses.
 */
public final class AgentControl {

  /** For calls whose answer is short. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /** For calls that have the agent move many bytes, or tell of many contents. */
  private static final Duration LONG_PATIENCE = Duration.ofMinutes(2);

  /** Digests in one message: as many as an agent takes. */
  private static final int PAGE = 8192;

  /** More than any agent has, and less than would fill memory here. */
  private static final int MAX_CONTENTS = 8 << 20;

  private final AgentAddress agent;
  private final AgentChannel channel;

  /**
   * A content that an agent has.
   *
   * @param size in bytes
   */
  public record Listed(Digest digest, int size) {}

  /**
   * Contents that an agent gave up.
   *
   * @param bytes of all of them
   */
  public record Evicted(long contents, long bytes) {}

  AgentControl(AgentAddress agent, AgentChannel channel) {
    this.agent = agent;
    this.channel = channel;
  }

  /** The agent that is asked. */
  public AgentAddress agent() {
    return agent;
  }

  /** What it has and did. */
  public AgentStatus status() throws AgentUnavailableException {
    StatsReply reply =
        channel.call(PATIENCE, stub -> stub.stats(StatsRequest.getDefaultInstance()));
    return new AgentStatus(
        reply.getAgent(),
        Duration.ofMillis(reply.getUptimeMillis()),
        reply.getPolicy(),
        reply.getTransportsList(),
        reply.getCapacity(),
        reply.getUsed(),
        reply.getLargestFree(),
        reply.getFragmentation(),
        reply.getHugePages(),
        reply.getContents(),
        reply.getSessions(),
        reply.getStaging(),
        reply.getReadsReported(),
        reply.getBytesReported(),
        reply.getMissesReported(),
        reply.getStored(),
        reply.getWrong(),
        reply.getEvicted(),
        reply.getRefused(),
        reply.getCrowdedOut(),
        reply.getUnadmitted());
  }

  /** What it knows of images; most of that only the agent that leads does. */
  public PoolImages images() throws AgentUnavailableException {
    ImagesReply reply =
        channel.call(PATIENCE, stub -> stub.images(ImagesRequest.getDefaultInstance()));
    Optional<String> leader = Optional.of(reply.getLeader()).filter(id -> !id.isEmpty());
    if (!reply.getLeading()) {
      return new PoolImages(reply.getEtcd(), leader, Optional.empty());
    }
    return new PoolImages(
        reply.getEtcd(),
        leader,
        Optional.of(
            new PoolImages.Found(
                Duration.ofMillis(reply.getAgeMillis()),
                Integer.toUnsignedLong(reply.getKnown()),
                Integer.toUnsignedLong(reply.getAdmitted()),
                Duration.ofSeconds(reply.getHalfLifeSeconds()),
                reply.getImagesList().stream().map(AgentControl::image).toList())));
  }

  /** All contents that it has, in no order. */
  public List<Listed> contents() throws AgentUnavailableException {
    return channel.call(
        LONG_PATIENCE,
        stub -> {
          List<Listed> listed = new ArrayList<>();
          Iterator<ListReply> pages = stub.list(ListRequest.getDefaultInstance());
          while (pages.hasNext() && listed.size() < MAX_CONTENTS) {
            for (Content content : pages.next().getContentsList()) {
              listed.add(new Listed(digest(content.getDigest()), content.getSize()));
            }
          }
          return listed;
        });
  }

  /** Which of these contents it has: their positions. */
  public BitSet has(List<Digest> digests) throws AgentUnavailableException {
    BitSet there = new BitSet(digests.size());
    for (int from = 0; from < digests.size(); from += PAGE) {
      List<Digest> page = digests.subList(from, Math.min(from + PAGE, digests.size()));
      HasRequest request = HasRequest.newBuilder().setDigests(bytes(page)).build();
      HasReply reply = channel.call(PATIENCE, stub -> stub.has(request));
      BitSet ofPage = BitSet.valueOf(reply.getThere().toByteArray());
      for (int i = ofPage.nextSetBit(0); i >= 0 && i < page.size(); i = ofPage.nextSetBit(i + 1)) {
        there.set(from + i);
      }
    }
    return there;
  }

  /** Has it give up these contents; those that it does not have are passed over. */
  public Evicted evict(List<Digest> digests) throws AgentUnavailableException {
    long contents = 0;
    long bytes = 0;
    for (int from = 0; from < digests.size(); from += PAGE) {
      ByteString page = bytes(digests.subList(from, Math.min(from + PAGE, digests.size())));
      Evicted evicted = evict(request -> request.setDigests(page));
      contents += evicted.contents();
      bytes += evicted.bytes();
    }
    return new Evicted(contents, bytes);
  }

  /** Has it give up everything. */
  public Evicted evictAll() throws AgentUnavailableException {
    return evict(request -> request.setAll(true));
  }

  /**
   * Has it lend more or less memory, as near as whole slabs allow.
   *
   * @param capacity in bytes, at least 0
   * @return what it lends now, in bytes
   */
  public long resize(long capacity) throws AgentUnavailableException {
    ResizeRequest request = ResizeRequest.newBuilder().setCapacity(capacity).build();
    ResizeReply reply = channel.call(LONG_PATIENCE, stub -> stub.resize(request));
    return reply.getCapacity();
  }

  private Evicted evict(UnaryOperator<EvictRequest.Builder> what) throws AgentUnavailableException {
    EvictRequest request = what.apply(EvictRequest.newBuilder()).build();
    EvictReply reply = channel.call(LONG_PATIENCE, stub -> stub.evict(request));
    return new Evicted(reply.getContents(), reply.getBytes());
  }

  private static PoolImages.Image image(PopularImage image) {
    return new PoolImages.Image(
        digest(image.getImage()),
        image.getName(),
        image.getSize(),
        image.getFiles(),
        image.getFrequency(),
        image.getMissed(),
        image.getAdmitted(),
        image.getSharesList().stream()
            .collect(Collectors.toMap(Share::getAgent, Share::getBytes, Math::max)));
  }

  private static ByteString bytes(List<Digest> digests) {
    byte[] all = new byte[digests.size() * Digest.BYTES];
    for (int i = 0; i < digests.size(); i++) {
      digests.get(i).writeTo(all, i * Digest.BYTES);
    }
    return ByteString.copyFrom(all);
  }

  private static Digest digest(ByteString bytes) {
    if (bytes.size() != Digest.BYTES) {
      throw Status.DATA_LOSS
          .withDescription("it lists a digest of " + bytes.size() + " bytes")
          .asRuntimeException();
    }
    return Digest.fromBytes(bytes.toByteArray());
  }
}
