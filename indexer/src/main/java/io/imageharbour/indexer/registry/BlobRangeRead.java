package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.BlobRoutes.Route;
import io.imageharbour.indexer.registry.RegistryHost.Capability;
import java.io.IOException;
import java.time.Duration;
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

  BlobRange open(Digest blob, long blobSize, long offset, long length, int first)
      throws IOException, InterruptedException {
    ContentRange range = new ContentRange(offset, length, blobSize);
    Deadline deadline = Deadline.in(client.settings().deadline());
    Registry registry = client.registry(name.registry());
    Optional<BlobRange> known = openAlongKnownRoute(blob, range, first, deadline);
    if (known.isPresent()) {
      return known.get();
    }
    Task task =
        new Task(
            Task.Subject.BLOB_RANGE,
            "read bytes %d-%d of the blob %s of %s"
                .formatted(offset, offset + length - 1, blob, name),
            Capability.PULL);
    return registry.call(
        name, task, deadline, (host, until) -> open(host, blob, range, first, until));
  }

  /** Nothing that goes wrong here counts: all hosts are asked then, beginning with the first. */
  private Optional<BlobRange> openAlongKnownRoute(
      Digest blob, ContentRange range, int first, Deadline deadline) throws InterruptedException {
    Optional<Route> route = client.routes().find(name, blob);
    if (route.isEmpty()) {
      return Optional.empty();
    }
    HostConnection host = route.get().host();
    RegistryRequest request = BlobGet.part(host, name, blob, range);
    if (route.get().redirect().isPresent()) {
      request = request.withUri(route.get().redirect().get());
    }
    try {
      long begin = System.nanoTime();
      Answer answer = host.send(request, deadline);
      Duration latency = Duration.ofNanos(System.nanoTime() - begin);
      if (BlobGet.checkPart(host, request, answer, range, deadline)) {
        return Optional.of(BlobRange.begin(answer, range, first, latency, deadline));
      }
      answer.close();
    } catch (IOException e) {
      if (Thread.interrupted()) {
        throw new InterruptedException("interrupted: read of the blob " + blob);
      }
    }
    client.routes().forget(name, blob);
    return Optional.empty();
  }

  private BlobRange open(
      HostConnection host, Digest blob, ContentRange range, int first, Deadline deadline)
      throws IOException, InterruptedException {
    ContentRange beginning = new ContentRange(range.first(), first, range.total());
    long end = beginning.first() + first;
    if (host.ignoresRanges() && end > CHEAP_TO_SKIP) {
      return BlobRange.ofBeginning(client.spools().read(name, blob, beginning));
    }
    RegistryRequest request = BlobGet.part(host, name, blob, range);
    long begin = System.nanoTime();
    Answer answer = host.send(request, deadline);
    Duration latency = Duration.ofNanos(System.nanoTime() - begin);
    if (BlobGet.checkPart(host, request, answer, range, deadline)) {
      BlobRange opened = BlobRange.begin(answer, range, first, latency, deadline);
      try {
        client.routes().remember(name, blob, Route.to(host, answer.uri()));
      } catch (Throwable e) {
        opened.close();
        throw e;
      }
      return opened;
    }
    if (range.length() == range.total()) {
      return BlobRange.begin(answer, range, first, latency, deadline);
    }
    try (answer) {
      host.learnThatRangesAreIgnored();
      if (end <= CHEAP_TO_SKIP) {
        byte[] bytes = new byte[first];
        answer.skip(range.first(), deadline);
        answer.readFully(bytes, deadline);
        return BlobRange.ofBeginning(bytes);
      }
    }
    return BlobRange.ofBeginning(client.spools().read(name, blob, beginning));
  }
}
