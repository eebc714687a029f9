package io.imageharbour.pool.client;

import com.google.protobuf.ByteString;
import io.imageharbour.pool.client.OfferQueue.Offered;
import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.proto.AllocateReply;
import io.imageharbour.pool.proto.AllocateRequest;
import io.imageharbour.pool.proto.CommitReply;
import io.imageharbour.pool.proto.CommitRequest;
import io.imageharbour.pool.proto.Content;
import io.imageharbour.pool.proto.Place;
import io.imageharbour.pool.transport.TransportException;
import io.imageharbour.pool.transport.WriteChannel;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Brings contents to one agent: has it make room, writes into its staging memory, and has it check
 * and publish them. Belongs to one thread.
 */
final class ContentWriter implements AutoCloseable {

  /** So long an agent that failed is not asked again: the others' contents wait meanwhile. */
  private static final long PAUSE_NANOS = Duration.ofSeconds(10).toNanos();

  private final AgentLink link;
  private final PoolConfig config;
  private Optional<Connected> session = Optional.empty();
  private Optional<WriteChannel> channel = Optional.empty();
  private long staging;
  private long failedAt = System.nanoTime() - PAUSE_NANOS;

  ContentWriter(AgentLink link, PoolConfig config) {
    this.link = link;
    this.config = config;
  }

  /**
   * Brings contents.
   *
   * @return how many the agent has taken; it may have had others, or no room for them
   * @throws IOException if the agent, or the way to its memory, failed; or did so a moment ago
   */
  int write(List<Offered> contents) throws IOException, InterruptedException {
    Optional<Connected> connected = link.connected();
    if (!connected.equals(session)) {
      closeChannel();
      session = connected;
    } else if (System.nanoTime() - failedAt < PAUSE_NANOS) {
      throw new AgentUnavailableException("agent " + link.agent().id() + " has just failed");
    }
    Connected now =
        connected.orElseThrow(
            () -> new AgentUnavailableException("agent " + link.agent().id() + " is away"));
    try {
      return write(contents, now);
    } catch (IOException e) {
      failedAt = System.nanoTime();
      closeChannel();
      throw e;
    }
  }

  private int write(List<Offered> contents, Connected now)
      throws IOException, InterruptedException {
    AllocateRequest.Builder request = AllocateRequest.newBuilder().setTicket(now.ticket());
    for (Offered content : contents) {
      Content.Builder described =
          Content.newBuilder()
              .setDigest(ByteString.copyFrom(content.digest().toBytes()))
              .setSize(content.size());
      content.image().ifPresent(id -> described.setImage(ByteString.copyFrom(id.toBytes())));
      request.addContents(described);
    }
    AllocateReply reply =
        link.channel().call(config.callTimeout(), stub -> stub.allocate(request.build()));
    if (reply.getPlacesCount() != contents.size()) {
      throw new TransportException("the agent answered for other contents than it was asked");
    }
    if (reply.getStaging() != staging) {
      closeChannel();
      staging = reply.getStaging();
    }
    List<WriteChannel.Piece> pieces = new ArrayList<>();
    for (int i = 0; i < contents.size(); i++) {
      Place place = reply.getPlaces(i);
      if (place.getResult() == Place.Result.WRITE) {
        pieces.add(new WriteChannel.Piece(place.getOffset(), contents.get(i).bytes()));
      }
    }
    if (pieces.isEmpty()) {
      return 0;
    }
    write(pieces, now, reply.getStagingSize());
    return commit(now, reply.getBatch());
  }

  @Override
  public void close() {
    closeChannel();
  }

  private void write(List<WriteChannel.Piece> pieces, Connected now, long stagingSize)
      throws IOException, InterruptedException {
    if (channel.isEmpty()) {
      channel =
          Optional.of(
              now.transport().openForWriting(now.offer(), stagingSize, config.callTimeout()));
    }
    long bytes = pieces.stream().mapToLong(piece -> piece.bytes().byteSize()).sum();
    // for each MiB as long as for a call: the network may be slow
    channel.get().write(pieces, config.callTimeout().multipliedBy(1 + bytes / Span.MAX_LENGTH));
  }

  private int commit(Connected now, long batch) throws AgentUnavailableException {
    CommitRequest request =
        CommitRequest.newBuilder().setTicket(now.ticket()).setBatch(batch).build();
    CommitReply reply = link.channel().call(config.callTimeout(), stub -> stub.commit(request));
    return reply.getStored();
  }

  private void closeChannel() {
    channel.ifPresent(WriteChannel::close);
    channel = Optional.empty();
  }
}
