package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.RegistryHost.Capability;
import java.io.IOException;

/** Asks whether a blob is where pushes go to. */
final class BlobCheck {

  private final RegistryClient client;
  private final RepositoryName name;

  BlobCheck(RegistryClient client, RepositoryName name) {
    this.client = client;
    this.name = name;
  }

  boolean isPresent(Digest digest) throws IOException, InterruptedException {
    Task task =
        new Task(Task.Subject.BLOB, "look for the blob " + digest + " in " + name, Capability.PUSH);
    return client
        .registry(name.registry())
        .call(
            name,
            task,
            Deadline.in(client.settings().deadline()),
            (host, deadline) -> isPresent(host, name, digest, deadline));
  }

  static boolean isPresent(
      HostConnection host, RepositoryName name, Digest digest, Deadline deadline)
      throws IOException, InterruptedException {
    RegistryRequest request =
        RegistryRequest.head(host.uri("/" + name.path() + "/blobs/" + digest), Scopes.push(name));
    try (Answer answer = host.send(request, deadline)) {
      return switch (answer.status()) {
        case 200 -> true;
        case 404 -> false;
        default -> throw host.failure(answer, request, deadline);
      };
    }
  }
}
