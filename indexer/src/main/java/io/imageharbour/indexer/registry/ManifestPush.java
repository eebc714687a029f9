package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.registry.OutgoingRequest.RequestBody;
import io.imageharbour.indexer.registry.RegistryHost.Capability;
import java.io.IOException;

/**
 * Pushes a manifest.
 *
 * @see <a
 *     href="https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests">
 *     distribution specification, pushing manifests</a>
 */
final class ManifestPush {

  /** The header by which a registry says that it lists the manifest with those of its subject. */
  private static final String SUBJECT = "OCI-Subject";

  private final RegistryClient client;
  private final RepositoryName name;

  ManifestPush(RegistryClient client, RepositoryName name) {
    this.client = client;
    this.name = name;
  }

  /** Pushes it, and returns whether the registry has understood its subject. */
  boolean push(String tagOrDigest, String mediaType, byte[] bytes)
      throws IOException, InterruptedException {
    Task task =
        new Task(
            Task.Subject.UPLOAD,
            "push the manifest " + tagOrDigest + " to " + name,
            Capability.PUSH);
    ManifestName.digest(tagOrDigest);
    if (bytes.length > Manifest.MAX_SIZE) {
      throw new UnexpectedManifestException(
          "can't %s: it has %d bytes, and registries take at most %d"
              .formatted(task.description(), bytes.length, Manifest.MAX_SIZE));
    }
    RequestBody body = new RequestBody(bytes, 0, bytes.length, mediaType);
    return client
        .registry(name.registry())
        .call(
            name,
            task,
            Deadline.in(client.settings().deadline()),
            (host, deadline) -> put(host, tagOrDigest, body, deadline));
  }

  private boolean put(HostConnection host, String tagOrDigest, RequestBody body, Deadline deadline)
      throws IOException, InterruptedException {
    RegistryRequest request =
        RegistryRequest.of(
            "PUT",
            host.uri("/" + name.path() + "/manifests/" + tagOrDigest),
            Scopes.push(name),
            body);
    try (Answer answer = host.send(request, deadline)) {
      if (answer.status() != 201) {
        throw host.failure(answer, request, deadline);
      }
      return answer.header(SUBJECT).isPresent();
    }
  }
}
