package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.HostFailure.Kind;
import io.imageharbour.indexer.registry.RegistryHost.Capability;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Lists what refers to a manifest.
 *
 * @see <a
 *     href="https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers">
 *     distribution specification, listing referrers</a>
 */
final class ReferrerList {

  /** Far more than anybody attaches to one image. */
  private static final int MAX_PAGES = 20;

  private static final String INDEX = "application/vnd.oci.image.index.v1+json";

  private final RegistryClient client;
  private final RepositoryName name;

  ReferrerList(RegistryClient client, RepositoryName name) {
    this.client = client;
    this.name = name;
  }

  /**
   * The tag of an image index of all that refers to a manifest, for registries that have no API for
   * it; whoever pushes a referrer keeps it up.
   */
  static String fallbackTag(Digest subject) {
    return "sha256-" + subject.hex();
  }

  List<Manifest> list(Digest subject, String artifactType)
      throws IOException, InterruptedException {
    Task task =
        new Task(
            Task.Subject.MANIFEST,
            "list what refers to " + subject + " of " + name,
            Capability.RESOLVE);
    try {
      return client
          .registry(name.registry())
          .call(
              name,
              task,
              Deadline.in(client.settings().deadline()),
              (host, deadline) -> list(host, subject, artifactType, deadline));
    } catch (ManifestNotFoundException e) {
      return List.of();
    }
  }

  private List<Manifest> list(
      HostConnection host, Digest subject, String artifactType, Deadline deadline)
      throws IOException, InterruptedException {
    String query = "artifactType=" + URLEncoder.encode(artifactType, StandardCharsets.UTF_8);
    List<Manifest> pages = new ArrayList<>();
    Optional<URI> next = Optional.of(host.uri("/" + name.path() + "/referrers/" + subject, query));
    while (next.isPresent()) {
      if (pages.size() == MAX_PAGES) {
        throw new HostFailure(Kind.REFUSED, "lists referrers without end");
      }
      RegistryRequest request = RegistryRequest.get(next.get(), Scopes.pull(name));
      try (Answer answer = host.send(request, deadline)) {
        if (pages.isEmpty() && isUnknownApi(answer.status())) {
          return List.of(fallback(host, subject, deadline));
        }
        if (answer.status() != 200) {
          throw host.failure(answer, request, deadline);
        }
        pages.add(index(answer, deadline));
        next = NextLink.follow(answer, host.host().origin());
      }
    }
    return List.copyOf(pages);
  }

  /** What registries say that do not know this path, or not with this method. */
  private static boolean isUnknownApi(int status) {
    return switch (status) {
      case 400, 404, 405, 501 -> true;
      default -> false;
    };
  }

  private Manifest fallback(HostConnection host, Digest subject, Deadline deadline)
      throws IOException, InterruptedException {
    RegistryRequest request =
        RegistryRequest.get(
            host.uri("/" + name.path() + "/manifests/" + fallbackTag(subject)),
            Scopes.pull(name),
            new HeaderField("Accept", INDEX));
    try (Answer answer = host.send(request, deadline)) {
      if (answer.status() != 200) {
        throw host.failure(answer, request, deadline);
      }
      return index(answer, deadline);
    }
  }

  private static Manifest index(Answer answer, Deadline deadline) throws IOException {
    byte[] bytes = answer.readUpTo(Manifest.MAX_SIZE, deadline);
    if (bytes.length > Manifest.MAX_SIZE) {
      throw new HostFailure(
          Kind.WRONG_CONTENT,
          "answered with more than %d bytes, the most a list of referrers may have"
              .formatted(Manifest.MAX_SIZE));
    }
    return new Manifest(Digest.sha256(bytes), INDEX, bytes);
  }
}
