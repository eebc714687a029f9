package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.BlobRoutes.Route;
import io.imageharbour.indexer.registry.HostFailure.Kind;
import io.imageharbour.indexer.registry.RegistryHost.Capability;
import java.io.IOException;
import java.util.Optional;

/** Reads a part of a blob. This is what a container's first read waits for. */
final class BlobRangeRead {

  /** As far into a blob, what lies before a part is thrown away rather than kept. */
  private static final int CHEAP_TO_SKIP = 256 << 10;

  private final RegistryClient client;
  private final RepositoryName name;

  BlobRangeRead(RegistryClient client, RepositoryName name) {
    this.client = client;
    this.name = name;
  }

  byte[] read(Digest blob, long blobSize, long offset, int length)
      throws IOException, InterruptedException {
    ContentRange range = new ContentRange(offset, length, blobSize);
    Deadline deadline = Deadline.in(client.settings().deadline());
    Registry registry = client.registry(name.registry());
    Optional<byte[]> bytes = readAlongKnownRoute(blob, range, deadline);
    if (bytes.isPresent()) {
      return bytes.get();
    }
    Task task =
        new Task(
            Task.Subject.BLOB_RANGE,
            "read bytes %d-%d of the blob %s of %s"
                .formatted(offset, offset + length - 1, blob, name),
            Capability.PULL);
    return registry.call(name, task, deadline, (host, until) -> read(host, blob, range, until));
  }

  /** Nothing that goes wrong here counts: all hosts are asked then, beginning with the first. */
  private Optional<byte[]> readAlongKnownRoute(Digest blob, ContentRange range, Deadline deadline)
      throws InterruptedException {
    Optional<Route> route = client.routes().find(name, blob);
    if (route.isEmpty()) {
      return Optional.empty();
    }
    HostConnection host = route.get().host();
    RegistryRequest request = BlobGet.part(host, name, blob, range);
    if (route.get().redirect().isPresent()) {
      request = request.withUri(route.get().redirect().get());
    }
    try (Answer answer = host.send(request, deadline)) {
      if (answer.status() == 206) {
        range.check(answer);
        return Optional.of(body(answer, range, deadline));
      }
    } catch (IOException e) {
      if (Thread.interrupted()) {
        throw new InterruptedException("interrupted: read of the blob " + blob);
      }
    }
    client.routes().forget(name, blob);
    return Optional.empty();
  }

  private byte[] read(HostConnection host, Digest blob, ContentRange range, Deadline deadline)
      throws IOException, InterruptedException {
    long end = range.first() + range.length();
    if (host.ignoresRanges() && end > CHEAP_TO_SKIP) {
      return client.spools().read(name, blob, range);
    }
    RegistryRequest request = BlobGet.part(host, name, blob, range);
    try (Answer answer = host.send(request, deadline)) {
      if (BlobGet.checkPart(host, request, answer, range, deadline)) {
        byte[] bytes = body(answer, range, deadline);
        client.routes().remember(name, blob, Route.to(host, answer.uri()));
        return bytes;
      }
      if (range.length() == range.total()) {
        return body(answer, range, deadline);
      }
      host.learnThatRangesAreIgnored();
      if (end <= CHEAP_TO_SKIP) {
        byte[] bytes = new byte[(int) range.length()];
        answer.skip(range.first(), deadline);
        answer.readFully(bytes, deadline);
        return bytes;
      }
    }
    return client.spools().read(name, blob, range);
  }

  private static byte[] body(Answer answer, ContentRange range, Deadline deadline)
      throws IOException {
    if (answer.contentLength().orElse(range.length()) != range.length()) {
      throw new HostFailure(
          Kind.WRONG_CONTENT,
          "answered with %d bytes instead of %d"
              .formatted(answer.contentLength().getAsLong(), range.length()));
    }
    byte[] bytes = new byte[(int) range.length()];
    answer.readWhole(bytes, deadline);
    return bytes;
  }
}
