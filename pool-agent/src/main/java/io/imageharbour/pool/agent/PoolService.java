package io.imageharbour.pool.agent;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.agent.AgentSession.Batch;
import io.imageharbour.pool.agent.AgentSession.Staged;
import io.imageharbour.pool.cluster.ImageUse;
import io.imageharbour.pool.control.ControlMessages;
import io.imageharbour.pool.control.ControlPlane;
import io.imageharbour.pool.linux.SharedMemory;
import io.imageharbour.pool.memory.Regions;
import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.proto.AllocateReply;
import io.imageharbour.pool.proto.AllocateRequest;
import io.imageharbour.pool.proto.CommitReply;
import io.imageharbour.pool.proto.CommitRequest;
import io.imageharbour.pool.proto.Content;
import io.imageharbour.pool.proto.EvictReply;
import io.imageharbour.pool.proto.EvictRequest;
import io.imageharbour.pool.proto.GoodbyeReply;
import io.imageharbour.pool.proto.GoodbyeRequest;
import io.imageharbour.pool.proto.HasReply;
import io.imageharbour.pool.proto.HasRequest;
import io.imageharbour.pool.proto.HelloReply;
import io.imageharbour.pool.proto.HelloRequest;
import io.imageharbour.pool.proto.ImagesReply;
import io.imageharbour.pool.proto.ImagesRequest;
import io.imageharbour.pool.proto.ListReply;
import io.imageharbour.pool.proto.ListRequest;
import io.imageharbour.pool.proto.Place;
import io.imageharbour.pool.proto.PoolGrpc;
import io.imageharbour.pool.proto.ReportReply;
import io.imageharbour.pool.proto.ReportRequest;
import io.imageharbour.pool.proto.ResizeReply;
import io.imageharbour.pool.proto.ResizeRequest;
import io.imageharbour.pool.proto.StatsReply;
import io.imageharbour.pool.proto.StatsRequest;
import io.imageharbour.pool.proto.UsedReply;
import io.imageharbour.pool.proto.UsedRequest;
import io.imageharbour.pool.transport.OfferMessages;
import io.imageharbour.pool.transport.Ticket;
import io.imageharbour.pool.transport.TransportServer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What clients ask of the agent itself. Safe for use by several threads. */
final class PoolService extends PoolGrpc.PoolImplBase {

  private static final Logger log = LoggerFactory.getLogger(PoolService.class);

  /** Contents in one message at most. */
  private static final int MAX_CONTENTS = 8192;

  /** Each is read and hashed, with nothing else going on; clients name no more. */
  private static final int MAX_SUSPECTS = 64;

  private static final int LIST_PAGE = 1024;
  private static final int MAX_NAME = 255;

  /** Where contents begin in staging memory: at multiples of so many bytes. */
  private static final int ALIGNMENT = 64;

  private final AgentIdentity identity;
  private final ContentMemory contents;
  private final Regions regions;
  private final AgentSessions sessions;
  private final List<TransportServer> transports;
  private final Optional<ControlPlane> control;
  private final LongConsumer resized;
  private final Object resizing = new Object();
  private final Supplier<StatsReply> stats;

  /**
   * Serves these, and images where there is control of them; {@code resized} hears of a new
   * capacity in bytes, {@code stats} makes the answer to {@code Stats}.
   */
  PoolService(
      AgentIdentity identity,
      ContentMemory contents,
      Regions regions,
      AgentSessions sessions,
      List<TransportServer> transports,
      Optional<ControlPlane> control,
      LongConsumer resized,
      Supplier<StatsReply> stats) {
    this.identity = identity;
    this.contents = contents;
    this.regions = regions;
    this.sessions = sessions;
    this.transports = List.copyOf(transports);
    this.control = control;
    this.resized = resized;
    this.stats = stats;
  }

  @Override
  public void hello(HelloRequest request, StreamObserver<HelloReply> reply) {
    answer(
        reply,
        () -> {
          String client = request.getClient();
          require(client.length() <= MAX_NAME, "a client's name has 255 characters at most");
          AgentSession session =
              sessions
                  .begin(client)
                  .orElseThrow(
                      () ->
                          Status.RESOURCE_EXHAUSTED
                              .withDescription("the agent has too many sessions")
                              .asRuntimeException());
          HelloReply.Builder hello =
              HelloReply.newBuilder()
                  .setAgent(identity.id())
                  .setIncarnation(identity.incarnation())
                  .setTicket(ByteString.copyFrom(session.transports().ticket().toBytes()))
                  .setSessionMillis(Math.toIntExact(sessions.silence().toMillis()))
                  .setMemory(OfferMessages.memory(regions.geometry()));
          for (TransportServer transport : transports) {
            OfferMessages.put(transport.offer(session.transports()), hello);
          }
          return hello.build();
        });
  }

  @Override
  public void report(ReportRequest request, StreamObserver<ReportReply> reply) {
    answer(
        reply,
        () -> {
          AgentSession unused = session(request.getTicket());
          require(
              request.getHits() >= 0 && request.getHitBytes() >= 0 && request.getMisses() >= 0,
              "counts are less than 2^63");
          require(
              request.getSuspects().size() <= MAX_SUSPECTS * Digest.BYTES,
              "too many suspects at once");
          contents.read(digests(request.getRead()));
          contents.told(request.getHits(), request.getHitBytes(), request.getMisses());
          contents.check(digests(request.getSuspects()));
          return ReportReply.newBuilder().setVersion(regions.version()).build();
        });
  }

  @Override
  public void allocate(AllocateRequest request, StreamObserver<AllocateReply> reply) {
    answer(
        reply,
        () -> {
          AgentSession session = session(request.getTicket());
          require(request.getContentsCount() <= MAX_CONTENTS, "too many contents at once");
          boolean hasStaging = sessions.openStaging(session);
          ContentMemory.Usage usage = contents.usage();
          AllocateReply.Builder allocated = AllocateReply.newBuilder();
          List<Staged> staged = new ArrayList<>();
          long end = 0;
          for (Content content : request.getContentsList()) {
            Digest digest = digest(content.getDigest());
            int size = content.getSize();
            require(size > 0 && size <= Span.MAX_LENGTH, "contents have 1 to 1048576 bytes");
            if (contents.contains(digest)) {
              allocated.addPlaces(Place.newBuilder().setResult(Place.Result.ALREADY_THERE));
            } else if (!hasStaging
                || end + size > AgentSessions.STAGING
                || !isAdmitted(content, usage)) {
              allocated.addPlaces(Place.newBuilder().setResult(Place.Result.REFUSED));
            } else {
              allocated.addPlaces(Place.newBuilder().setResult(Place.Result.WRITE).setOffset(end));
              staged.add(new Staged(digest, end, size));
              end = Math.ceilDiv(end + size, ALIGNMENT) * (long) ALIGNMENT;
            }
          }
          return allocated
              .setBatch(session.begin(staged, System.nanoTime()).number())
              .setStaging(session.staging())
              .setStagingSize(hasStaging ? AgentSessions.STAGING : 0)
              .build();
        });
  }

  @Override
  public void commit(CommitRequest request, StreamObserver<CommitReply> reply) {
    answer(
        reply,
        () -> {
          AgentSession session = session(request.getTicket());
          synchronized (session) {
            // its staging memory is not given back meanwhile
            return commit(session, request.getBatch());
          }
        });
  }

  @Override
  public void goodbye(GoodbyeRequest request, StreamObserver<GoodbyeReply> reply) {
    answer(
        reply,
        () -> {
          sessions.end(session(request.getTicket()), "the client said goodbye");
          return GoodbyeReply.getDefaultInstance();
        });
  }

  @Override
  public void used(UsedRequest request, StreamObserver<UsedReply> reply) {
    answer(
        reply,
        () -> {
          AgentSession unused = session(request.getTicket());
          List<ImageUse> uses = wellFormed(() -> ControlMessages.uses(request));
          control.ifPresent(plane -> plane.used(uses));
          return UsedReply.getDefaultInstance();
        });
  }

  @Override
  public void images(ImagesRequest request, StreamObserver<ImagesReply> reply) {
    answer(reply, () -> control.map(ControlPlane::images).orElse(ImagesReply.getDefaultInstance()));
  }

  @Override
  public void stats(StatsRequest request, StreamObserver<StatsReply> reply) {
    answer(reply, stats::get);
  }

  @Override
  public void has(HasRequest request, StreamObserver<HasReply> reply) {
    answer(
        reply,
        () -> {
          BitSet there = contents.areThere(digests(request.getDigests()));
          return HasReply.newBuilder().setThere(ByteString.copyFrom(there.toByteArray())).build();
        });
  }

  @Override
  public void list(ListRequest request, StreamObserver<ListReply> reply) {
    ListReply.Builder page = ListReply.newBuilder();
    for (Map.Entry<Digest, Integer> content : contents.contents().entrySet()) {
      page.addContents(
          Content.newBuilder()
              .setDigest(ByteString.copyFrom(content.getKey().toBytes()))
              .setSize(content.getValue()));
      if (page.getContentsCount() == LIST_PAGE) {
        reply.onNext(page.build());
        page.clear();
      }
    }
    reply.onNext(page.build());
    reply.onCompleted();
  }

  @Override
  public void evict(EvictRequest request, StreamObserver<EvictReply> reply) {
    answer(
        reply,
        () -> {
          ContentMemory.Evicted evicted =
              request.getAll()
                  ? contents.evictAll()
                  : contents.evict(digests(request.getDigests()));
          return EvictReply.newBuilder()
              .setContents(evicted.contents())
              .setBytes(evicted.bytes())
              .build();
        });
  }

  @Override
  public void resize(ResizeRequest request, StreamObserver<ResizeReply> reply) {
    answer(
        reply,
        () -> {
          require(request.getCapacity() >= 0, "a capacity is less than 2^63 bytes");
          // one after the other, so that the last one is heard of last
          synchronized (resizing) {
            try {
              return ResizeReply.newBuilder()
                  .setCapacity(contents.resize(request.getCapacity()))
                  .build();
            } finally {
              // one that fails half way leaves some of it
              long capacity = contents.usage().capacity();
              resized.accept(capacity);
              log.info("event=resized capacity={}", capacity);
            }
          }
        });
  }

  private boolean isAdmitted(Content content, ContentMemory.Usage usage) {
    Optional<Digest> image = wellFormed(() -> ControlMessages.image(content.getImage()));
    return control.isEmpty() || control.get().admits(image, usage.used(), usage.capacity());
  }

  private CommitReply commit(AgentSession session, long number) {
    Optional<Batch> batch = session.take(number, System.nanoTime());
    Optional<SharedMemory> staging = session.transports().staging();
    if (batch.isEmpty() || staging.isEmpty()) {
      throw Status.FAILED_PRECONDITION
          .withDescription("the batch is not there any more: it was committed or too old")
          .asRuntimeException();
    }
    CommitReply.Builder committed = CommitReply.newBuilder();
    for (Staged content : batch.get().contents()) {
      try {
        boolean stored =
            contents.store(
                content.digest(),
                staging.get().segment().asSlice(content.offset(), content.size()));
        if (stored) {
          committed.setStored(committed.getStored() + 1);
        } else {
          committed.setRefused(committed.getRefused() + 1);
        }
      } catch (WrongContentException e) {
        committed.setWrong(committed.getWrong() + 1);
        log.warn("event=wrong-content client={} cause=\"{}\"", session.client(), e.getMessage());
      }
    }
    return committed.build();
  }

  /** What a call does; what it throws becomes a status. */
  @FunctionalInterface
  private interface Work<T> {
    T run() throws IOException;
  }

  /** The one place where failures become gRPC statuses. */
  private static <T> void answer(StreamObserver<T> reply, Work<T> work) {
    T result;
    try {
      result = work.run();
    } catch (StatusRuntimeException e) {
      reply.onError(e);
      return;
    } catch (OutOfHostMemoryException e) {
      reply.onError(Status.RESOURCE_EXHAUSTED.withDescription(e.getMessage()).asRuntimeException());
      return;
    } catch (IOException e) {
      log.warn("event=call-failed cause=\"{}\"", e.toString());
      reply.onError(Status.INTERNAL.withDescription(e.toString()).asRuntimeException());
      return;
    } catch (RuntimeException e) {
      log.error("event=call-broken", e);
      reply.onError(
          Status.INTERNAL
              .withDescription("harbour-agent has a bug, its log says where: " + e)
              .asRuntimeException());
      return;
    }
    reply.onNext(result);
    reply.onCompleted();
  }

  private AgentSession session(ByteString ticket) {
    require(ticket.size() == Ticket.BYTES, "a ticket has 32 bytes");
    return sessions
        .findAgentSession(Ticket.read(ticket.asReadOnlyByteBuffer()))
        .orElseThrow(
            () ->
                Status.UNAUTHENTICATED
                    .withDescription("the session is over; say hello again")
                    .asRuntimeException());
  }

  private static List<Digest> digests(ByteString bytes) {
    require(bytes.size() % Digest.BYTES == 0, "digests have 32 bytes");
    require(bytes.size() / Digest.BYTES <= MAX_CONTENTS, "too many digests at once");
    List<Digest> digests = new ArrayList<>(bytes.size() / Digest.BYTES);
    byte[] each = new byte[Digest.BYTES];
    ByteBuffer rest = bytes.asReadOnlyByteBuffer();
    while (rest.hasRemaining()) {
      rest.get(each);
      digests.add(Digest.fromBytes(each));
    }
    return digests;
  }

  private static Digest digest(ByteString bytes) {
    require(bytes.size() == Digest.BYTES, "digests have 32 bytes");
    return Digest.fromBytes(bytes.toByteArray());
  }

  private static <T> T wellFormed(Supplier<T> reading) {
    try {
      return reading.get();
    } catch (IllegalArgumentException e) {
      throw Status.INVALID_ARGUMENT.withDescription(e.getMessage()).asRuntimeException();
    }
  }

  private static void require(boolean right, String otherwise) {
    if (!right) {
      throw Status.INVALID_ARGUMENT.withDescription(otherwise).asRuntimeException();
    }
  }
}
