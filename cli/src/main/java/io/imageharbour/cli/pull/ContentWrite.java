package io.imageharbour.cli.pull;

import com.google.protobuf.UnsafeByteOperations;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import io.imageharbour.snapshotter.proto.content.ContentGrpc;
import io.imageharbour.snapshotter.proto.content.WriteAction;
import io.imageharbour.snapshotter.proto.content.WriteContentRequest;
import io.imageharbour.snapshotter.proto.content.WriteContentResponse;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One blob on its way into containerd's content store. Closed before it was committed, what was
 * written stays for the next one who writes it, as long as the lease does. For one thread.
 */
final class ContentWrite implements AutoCloseable {

  /** Bytes of a message; containerd takes up to 16 MiB. */
  private static final int PIECE = 1 << 20;

  private final Blob blob;
  private final BlockingClientCall<WriteContentRequest, WriteContentResponse> call;
  private long offset;

  ContentWrite(ContentGrpc.ContentBlockingV2Stub content, Blob blob) {
    this.blob = blob;
    this.call = content.write();
  }

  /**
   * Begins.
   *
   * @return how many bytes are there already
   * @throws StatusException with {@code ALREADY_EXISTS} if the blob is in the store, with {@code
   *     UNAVAILABLE} if somebody else writes it
   */
  long begin() throws StatusException, InterruptedException {
    offset = exchange(request(WriteAction.STAT).build()).getOffset();
    return offset;
  }

  /** Writes the whole blob, in place of what is there. */
  void writeAll(InputStream bytes) throws IOException, StatusException, InterruptedException {
    offset = 0;
    while (true) {
      // the message keeps it
      byte[] piece = bytes.readNBytes(PIECE);
      if (piece.length == 0) {
        return;
      }
      WriteContentRequest.Builder request = request(WriteAction.WRITE).setOffset(offset);
      exchange(request.setData(UnsafeByteOperations.unsafeWrap(piece)).build());
      offset += piece.length;
    }
  }

  /** Makes it a blob of the store, if the digest is right. */
  void commit(Map<String, String> labels) throws StatusException, InterruptedException {
    exchange(request(WriteAction.COMMIT).setOffset(offset).putAllLabels(labels).build());
  }

  @Override
  public void close() {
    call.cancel("closed", null);
  }

  private WriteContentRequest.Builder request(WriteAction action) {
    return WriteContentRequest.newBuilder()
        .setAction(action)
        .setRef(blob.writeName())
        .setTotal(blob.size())
        .setExpected(blob.digest().toString());
  }

  private WriteContentResponse exchange(WriteContentRequest request)
      throws StatusException, InterruptedException {
    try {
      long limit = Containerd.SHORT.toSeconds();
      // where this says that the call has ended, reading says why
      boolean unused = call.write(request, limit, TimeUnit.SECONDS);
      WriteContentResponse answer = call.read(limit, TimeUnit.SECONDS);
      if (answer == null) {
        throw new StatusException(Status.INTERNAL.withDescription("the answer is missing"));
      }
      return answer;
    } catch (TimeoutException e) {
      throw new StatusException(Status.DEADLINE_EXCEEDED.withCause(e));
    }
  }
}
