package io.imageharbour.indexer.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
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

  /** The most that is read of all pages together, in bytes: as much as one manifest may have. */
  private static final int MAX_BYTES = Manifest.MAX_SIZE;

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

  /**
   * What the first host says that has one of this type: a mirror need not know of all that the
   * registry has.
   */
  List<Manifest> list(Digest subject, String artifactType)
      throws IOException, InterruptedException {
    return call(
        subject,
        Capability.RESOLVE,
        (host, deadline) -> {
          List<Manifest> pages = list(host, subject, artifactType, deadline);
          if (pages.stream().noneMatch(page -> hasOne(page, artifactType))) {
            throw new HostFailure(Kind.NOT_FOUND, "lists no referrer of type " + artifactType);
          }
          return pages;
        });
  }

  /** What the host says that pushes go to. */
  List<Manifest> listWherePushed(Digest subject, String artifactType)
      throws IOException, InterruptedException {
    return call(
        subject, Capability.PUSH, (host, deadline) -> list(host, subject, artifactType, deadline));
  }

  private List<Manifest> call(
      Digest subject, Capability capability, Registry.HostCall<List<Manifest>> call)
      throws IOException, InterruptedException {
    Task task =
        new Task(
            Task.Subject.MANIFEST, "list what refers to " + subject + " of " + name, capability);
    try {
      return client
          .registry(name.registry())
          .call(name, task, Deadline.in(client.settings().deadline()), call);
    } catch (ManifestNotFoundException e) {
      return List.of();
    }
  }

  private static boolean hasOne(Manifest page, String artifactType) {
    for (JsonNode entry :
        Json.parse(page.bytes()).orElseGet(NullNode::getInstance).path("manifests")) {
      if (entry.path("artifactType").asText().equals(artifactType)) {
        return true;
      }
    }
    return false;
  }

  private List<Manifest> list(
      HostConnection host, Digest subject, String artifactType, Deadline deadline)
      throws IOException, InterruptedException {
    String query = "artifactType=" + URLEncoder.encode(artifactType, StandardCharsets.UTF_8);
    List<Manifest> pages = new ArrayList<>();
    int left = MAX_BYTES;
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
        Manifest page = index(answer, left, deadline);
        left -= page.bytes().length;
        pages.add(page);
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
      return index(answer, MAX_BYTES, deadline);
    }
  }

  private static Manifest index(Answer answer, int max, Deadline deadline) throws IOException {
    byte[] bytes = answer.readUpTo(max, deadline);
    if (bytes.length > max) {
      throw new HostFailure(
          Kind.WRONG_CONTENT,
          "answered with more than %d bytes, the most a list of referrers may have"
              .formatted(MAX_BYTES));
    }
    return new Manifest(Digest.sha256(bytes), INDEX, bytes);
  }
}
