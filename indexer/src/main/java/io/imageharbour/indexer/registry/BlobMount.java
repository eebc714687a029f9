package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.RegistryHost.Capability;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/**
 * Mounts a blob of one repository in another.
 *
 * @see <a
 *     href="https://github.com/opencontainers/distribution-spec/blob/main/spec.md#mounting-a-blob-from-another-repository">
 *     distribution specification, mounting a blob from another repository</a>
 */
final class BlobMount {

  private final RegistryClient client;
  private final RepositoryName name;

  BlobMount(RegistryClient client, RepositoryName name) {
    this.client = client;
    this.name = name;
  }

  boolean mount(Digest digest, RepositoryName from) throws IOException, InterruptedException {
    if (!from.registry().equals(name.registry())) {
      return false;
    }
    Task task =
        new Task(
            Task.Subject.UPLOAD,
            "mount the blob " + digest + " of " + from + " in " + name,
            Capability.PUSH);
    UploadStep<Boolean> step =
        UploadStep.start(
            () ->
                client
                    .registry(name.registry())
                    .call(
                        name,
                        task,
                        Deadline.in(client.settings().deadline()),
                        (host, deadline) -> mount(host, digest, from, deadline)));
    try {
      return step.await();
    } catch (InterruptedException e) {
      step.stop(); // an upload that the registry begins instead is cancelled
      throw e;
    }
  }

  private boolean mount(HostConnection host, Digest digest, RepositoryName from, Deadline deadline)
      throws IOException, InterruptedException {
    String query =
        "mount=" + digest + "&from=" + URLEncoder.encode(from.path(), StandardCharsets.UTF_8);
    RegistryRequest request =
        RegistryRequest.of(
            "POST",
            host.uri("/" + name.path() + "/blobs/uploads/", query),
            Scopes.push(name).and(Scopes.pull(from).values()));
    try (Answer answer = host.send(request, deadline)) {
      return switch (answer.status()) {
        case 201 -> true;
        case 202 -> {
          // The registry began an upload instead, which nobody will finish.
          new UploadSession(client, name, host, UploadSession.location(answer)).cancel();
          yield false;
        }
        // Not allowed to read there, not known there, or not able to mount at all.
        case 401, 403, 404, 405 -> false;
        default -> throw host.failure(answer, request, deadline);
      };
    } catch (HostFailure e) {
      if (e.kind() == HostFailure.Kind.UNAUTHORIZED) {
        return false;
      }
      throw e;
    }
  }
}
