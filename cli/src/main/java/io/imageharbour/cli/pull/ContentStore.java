package io.imageharbour.cli.pull;

import com.google.protobuf.FieldMask;
import io.grpc.Status.Code;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.RepositoryName;
import io.imageharbour.snapshotter.proto.content.ContentGrpc;
import io.imageharbour.snapshotter.proto.content.Info;
import io.imageharbour.snapshotter.proto.content.InfoRequest;
import io.imageharbour.snapshotter.proto.content.ReadContentRequest;
import io.imageharbour.snapshotter.proto.content.ReadContentResponse;
import io.imageharbour.snapshotter.proto.content.StatusRequest;
import io.imageharbour.snapshotter.proto.content.UpdateRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * containerd's content store, for blobs of one repository: they get its name as a label, and are
 * held by a lease. Safe for use by several threads.
 */
final class ContentStore {

  /** So long another client may write the same blob without getting any further. */
  private static final Duration STALLED = Duration.ofSeconds(60);

  /** So long it is only looked at; after that it may be nobody who writes it. */
  private static final Duration MOVING = Duration.ofSeconds(2);

  private static final Duration POLL = Duration.ofMillis(100);
  private static final Duration SLOW_POLL = Duration.ofSeconds(1);

  private final Lease lease;
  private final RepositoryName repository;

  ContentStore(Lease lease, RepositoryName repository) {
    this.lease = lease;
    this.repository = repository;
  }

  /** Where the bytes of a blob come from; the stream checks their digest. */
  @FunctionalInterface
  interface Source {
    InputStream open() throws IOException, InterruptedException;
  }

  /**
   * Reads a small blob.
   *
   * @return its bytes, checked; nothing if it is not there
   */
  Optional<byte[]> read(Blob blob) throws IOException, InterruptedException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    BlockingClientCall<?, ReadContentResponse> call =
        stub().read(ReadContentRequest.newBuilder().setDigest(blob.digest().toString()).build());
    try {
      while (call.hasNext() && bytes.size() <= blob.size()) {
        call.read().getData().writeTo(bytes);
      }
    } catch (StatusException e) {
      if (e.getStatus().getCode() == Code.NOT_FOUND) {
        return Optional.empty();
      }
      throw containerd().failure("read the blob " + blob.digest(), e);
    } finally {
      call.cancel("enough was read", null);
    }
    byte[] read = bytes.toByteArray();
    if (!Digest.sha256(read).equals(blob.digest())) {
      throw new ContainerdException(
          "containerd at "
              + containerd().socket()
              + " has other bytes as blob "
              + blob.digest()
              + "; remove it with \"ctr content rm\" and pull again");
    }
    return Optional.of(read);
  }

  /**
   * Brings a blob, unless it is there, and sees to it that it has these labels. While another
   * client brings it, this waits. Where it has to, it opens the source.
   */
  void write(Blob blob, Map<String, String> labels, Source source)
      throws IOException, InterruptedException {
    Map<String, String> all = new HashMap<>(ContentLabels.source(repository, Map.of()));
    all.putAll(labels);
    if (!bring(blob, all, source)) {
      boolean unused = label(blob.digest(), labels);
    }
  }

  /** Brings a blob with these labels; false if it is there, with labels of its own. */
  private boolean bring(Blob blob, Map<String, String> labels, Source source)
      throws IOException, InterruptedException {
    OtherWriter other = new OtherWriter(blob);
    boolean anew = false;
    while (true) {
      try (ContentWrite write = new ContentWrite(stub(), blob)) {
        // all of it may be there, from another namespace or a client that was killed
        if (write.begin() != blob.size() || anew) {
          try (InputStream bytes = source.open()) {
            write.writeAll(bytes);
          }
        }
        write.commit(labels);
        return true;
      } catch (StatusException e) {
        Code code = e.getStatus().getCode();
        if (code == Code.ALREADY_EXISTS) {
          return false;
        }
        if (code == Code.FAILED_PRECONDITION && !anew) {
          anew = true; // what was there was something else
        } else if (code == Code.UNAVAILABLE && e.getStatus().getCause() == null) {
          other.await(e);
        } else {
          throw containerd().failure("store the blob " + blob.digest(), e);
        }
      }
    }
  }

  /**
   * Adds labels to a blob, and the repository to those that it came from.
   *
   * @return false if it is not there
   */
  boolean label(Digest blob, Map<String, String> labels)
      throws ContainerdException, InterruptedException {
    try {
      InfoRequest request = InfoRequest.newBuilder().setDigest(blob.toString()).build();
      Map<String, String> present =
          stub().withDeadlineAfter(Containerd.SHORT).info(request).getInfo().getLabelsMap();
      Map<String, String> wanted = new HashMap<>(ContentLabels.source(repository, present));
      wanted.putAll(labels);
      wanted.entrySet().removeIf(label -> label.getValue().equals(present.get(label.getKey())));
      if (!wanted.isEmpty()) {
        FieldMask.Builder mask = FieldMask.newBuilder();
        wanted.keySet().forEach(label -> mask.addPaths("labels." + label));
        var _ =
            stub()
                .withDeadlineAfter(Containerd.SHORT)
                .update(
                    UpdateRequest.newBuilder()
                        .setInfo(Info.newBuilder().setDigest(blob.toString()).putAllLabels(wanted))
                        .setUpdateMask(mask)
                        .build());
      }
      return true;
    } catch (StatusException e) {
      if (e.getStatus().getCode() == Code.NOT_FOUND) {
        return false;
      }
      throw containerd().failure("label the blob " + blob, e);
    }
  }

  private Containerd containerd() {
    return lease.containerd();
  }

  private ContentGrpc.ContentBlockingV2Stub stub() {
    return ContentGrpc.newBlockingV2Stub(lease.channel());
  }

  /** Another client that writes a blob: containerd lets one do that at a time. */
  private final class OtherWriter {

    private final Blob blob;
    private long offset = -1;
    private long since = System.nanoTime();

    OtherWriter(Blob blob) {
      this.blob = blob;
    }

    /**
     * Returns when it is worth a try to write the blob.
     *
     * @throws ContainerdException if the other client has not got any further for long
     */
    void await(StatusException locked) throws ContainerdException, InterruptedException {
      boolean writing = true;
      while (writing) {
        Thread.sleep(isMoving() ? POLL : SLOW_POLL);
        long now = written();
        if (now != offset) {
          offset = now;
          since = System.nanoTime();
        }
        if (System.nanoTime() - since > STALLED.toNanos()) {
          throw containerd()
              .failure(
                  "store the blob "
                      + blob.digest()
                      + ", which another client has begun and not gone on with for "
                      + STALLED.toSeconds()
                      + " s",
                  locked);
        }
        writing = offset >= 0 && offset < blob.size() && isMoving();
      }
    }

    private boolean isMoving() {
      return System.nanoTime() - since < MOVING.toNanos();
    }

    /** How many bytes; -1 if nobody has begun. */
    private long written() throws ContainerdException, InterruptedException {
      StatusRequest request = StatusRequest.newBuilder().setRef(blob.writeName()).build();
      try {
        return stub().withDeadlineAfter(Containerd.SHORT).status(request).getStatus().getOffset();
      } catch (StatusException e) {
        if (e.getStatus().getCode() == Code.NOT_FOUND) {
          return -1;
        }
        throw containerd().failure("tell how far another client is with " + blob.digest(), e);
      }
    }
  }
}
