package io.imageharbour.indexer.registry;

import com.fasterxml.jackson.databind.JsonNode;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.HostFailure.Kind;
import io.imageharbour.indexer.registry.RegistryHost.Capability;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;

/**
 * Fetches a manifest.
 *
 * @see <a
 *     href="https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests">
 *     distribution specification, pulling manifests</a>
 */
final class ManifestPull {

  private static final HeaderField ACCEPT =
      new HeaderField(
          "Accept",
          "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
              + "application/vnd.docker.distribution.manifest.list.v2+json, "
              + "application/vnd.docker.distribution.manifest.v2+json, */*;q=0.1");

  private final RegistryClient client;
  private final RepositoryName name;

  ManifestPull(RegistryClient client, RepositoryName name) {
    this.client = client;
    this.name = name;
  }

  Manifest pull(String tagOrDigest) throws IOException, InterruptedException {
    return pull(
        tagOrDigest,
        ManifestName.digest(tagOrDigest).isPresent() ? Capability.PULL : Capability.RESOLVE);
  }

  /** Fetches it from a host that is good for this. */
  Manifest pull(String tagOrDigest, Capability capability)
      throws IOException, InterruptedException {
    Optional<Digest> digest = ManifestName.digest(tagOrDigest);
    Task task =
        new Task(
            Task.Subject.MANIFEST, "fetch the manifest " + tagOrDigest + " of " + name, capability);
    return client
        .registry(name.registry())
        .call(
            name,
            task,
            Deadline.in(client.settings().deadline()),
            (host, deadline) -> pull(host, tagOrDigest, digest, deadline));
  }

  private Manifest pull(
      HostConnection host, String tagOrDigest, Optional<Digest> digest, Deadline deadline)
      throws IOException, InterruptedException {
    RegistryRequest request =
        RegistryRequest.get(
            host.uri("/" + name.path() + "/manifests/" + tagOrDigest), Scopes.pull(name), ACCEPT);
    try (Answer answer = host.send(request, deadline)) {
      if (answer.status() != 200) {
        throw host.failure(answer, request, deadline);
      }
      byte[] bytes = answer.readUpTo(Manifest.MAX_SIZE, deadline);
      if (bytes.length > Manifest.MAX_SIZE) {
        throw new HostFailure(
            Kind.WRONG_CONTENT,
            "answered with more than %d bytes, the most a manifest may have"
                .formatted(Manifest.MAX_SIZE));
      }
      Digest came = Digest.sha256(bytes);
      if (digest.isPresent() && !came.equals(digest.get())) {
        throw new HostFailure(
            Kind.WRONG_CONTENT, "answered with a manifest whose digest is %s".formatted(came));
      }
      return new Manifest(came, mediaType(answer, bytes), bytes);
    }
  }

  /** What the header says, or else what the manifest says of itself. */
  private static String mediaType(Answer answer, byte[] bytes) throws HostFailure {
    String header = answer.header("Content-Type").orElse("");
    int parameters = header.indexOf(';');
    String type = (parameters < 0 ? header : header.substring(0, parameters)).strip();
    if (type.endsWith("json") && !type.equals("application/json")) {
      return type.toLowerCase(Locale.ROOT);
    }
    JsonNode root =
        Json.parse(bytes)
            .orElseThrow(
                () ->
                    new HostFailure(
                        Kind.WRONG_CONTENT,
                        "answered with something that is no manifest (not JSON)"));
    String own = Json.text(root, "mediaType");
    if (!own.isEmpty()) {
      return own;
    }
    throw new HostFailure(
        Kind.WRONG_CONTENT,
        "answered with a manifest of unknown type (Content-Type %s)"
            .formatted(Printable.quote(header)));
  }
}
