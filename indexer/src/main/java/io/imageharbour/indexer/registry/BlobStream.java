package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.RegistryHost.Capability;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.security.MessageDigest;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A blob, read from its first byte to its last. A connection that breaks is replaced by another
 * one, to another host if need be, that goes on where it broke. The end is reported only if the
 * whole had the right digest.
 */
final class BlobStream extends InputStream {

  private final RegistryClient client;
  private final RepositoryName name;
  private final Digest digest;
  private final long size;
  private final Task task;
  private final MessageDigest sha256 = Digest.newMessageDigest();

  private @Nullable Answer answer;
  private @Nullable HostConnection host;
  private long position;
  private Deadline deadline;
  private @Nullable Digest came;
  private boolean closed;

  private BlobStream(RegistryClient client, RepositoryName name, Digest digest, long size) {
    this.client = client;
    this.name = name;
    this.digest = digest;
    this.size = size;
    this.task =
        new Task(Task.Subject.BLOB, "fetch the blob " + digest + " of " + name, Capability.PULL);
    this.deadline = Deadline.in(client.settings().deadline());
  }

  /** Opens a blob; its host has answered when this returns. */
  static BlobStream open(RegistryClient client, RepositoryName name, Digest digest, long size)
      throws IOException, InterruptedException {
    if (size < 0) {
      throw new IllegalArgumentException("a blob of " + size + " bytes");
    }
    BlobStream stream = new BlobStream(client, name, digest, size);
    stream.answer = stream.connect();
    return stream;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, target.length);
    if (closed) {
      throw new IOException("the stream is closed");
    }
    if (length == 0) {
      return 0;
    }
    try {
      if (position == size) {
        verify();
        return -1;
      }
      int read = readSome(target, offset, (int) Math.min(length, size - position));
      sha256.update(target, offset, read);
      position += read;
      return read;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted =
          new InterruptedIOException("interrupted: " + task.description());
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  /** Reads at least one byte, over as many connections as it takes. */
  private int readSome(byte[] target, int offset, int length)
      throws IOException, InterruptedException {
    boolean silent = false;
    deadline = Deadline.in(client.settings().deadline());
    while (true) {
      Answer current = answer;
      if (current == null) {
        current = connect();
        answer = current;
      }
      try {
        int read = current.read(target, offset, length, deadline);
        if (read > 0) {
          return read;
        }
        throw new EOFException("%d of %d bytes came".formatted(position, size));
      } catch (IOException e) {
        drop();
        if (Thread.interrupted()) {
          throw new InterruptedException("interrupted: " + task.description());
        }
        blame(e, silent);
        silent = true;
      }
    }
  }

  /** Lets other hosts go first, and waits if a whole connection brought nothing. */
  private void blame(IOException e, boolean silent) throws IOException, InterruptedException {
    HostFailure failure = HostFailure.of(e);
    HostConnection failed = host;
    if (failed != null) {
      failed.cool();
    }
    if (deadline.passed()) {
      throw task.exception(
          failure.kind(), (failed == null ? "" : failed.name() + " ") + failure.reason(), name);
    }
    if (silent) {
      Thread.sleep(Registry.delay(1));
    }
  }

  private Answer connect() throws IOException, InterruptedException {
    return client
        .registry(name.registry())
        .call(
            name,
            task,
            deadline,
            (candidate, until) -> {
              Answer opened = position == 0 ? first(candidate, until) : next(candidate, until);
              host = candidate;
              return opened;
            });
  }

  private Answer first(HostConnection candidate, Deadline until)
      throws IOException, InterruptedException {
    RegistryRequest request = BlobGet.whole(candidate, name, digest);
    Answer opened = candidate.send(request, until);
    BlobGet.checkWhole(candidate, request, opened, size, until);
    return opened;
  }

  private Answer next(HostConnection candidate, Deadline until)
      throws IOException, InterruptedException {
    ContentRange range = new ContentRange(position, size - position, size);
    RegistryRequest request = BlobGet.part(candidate, name, digest, range);
    Answer opened = candidate.send(request, until);
    if (!BlobGet.checkPart(candidate, request, opened, range, until)) {
      candidate.learnThatRangesAreIgnored();
      try {
        opened.skip(position, until);
      } catch (Throwable e) {
        opened.close();
        throw e;
      }
    }
    return opened;
  }

  private void verify() throws IOException {
    Answer last = answer;
    Deadline end = Deadline.in(client.settings().deadline());
    if (last != null && last.read(new byte[1], 0, 1, end) >= 0) {
      drop();
      throw new UnexpectedBlobDigestException(
          "can't %s: what came is longer than the %d bytes it should have"
              .formatted(task.description(), size));
    }
    drop();
    Digest sent = digestOfWhatCame();
    if (!sent.equals(digest)) {
      throw new UnexpectedBlobDigestException(
          "can't %s: what %s sent has the digest %s. Push or convert the image again"
              .formatted(task.description(), host == null ? "the registry" : host.name(), sent));
    }
  }

  /** A digest computation starts anew once it was asked for its result, so that is kept. */
  private Digest digestOfWhatCame() {
    Digest known = came;
    if (known == null) {
      known = Digest.fromBytes(sha256.digest());
      came = known;
    }
    return known;
  }

  private void drop() {
    Answer dropped = answer;
    answer = null;
    if (dropped != null) {
      dropped.close();
    }
  }

  @Override
  public void close() {
    closed = true;
    drop();
  }
}
