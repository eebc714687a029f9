package io.imageharbour.indexer.registry;

import com.fasterxml.jackson.databind.JsonNode;
import io.imageharbour.indexer.registry.HostFailure.Kind;
import io.imageharbour.indexer.registry.RegistryHost.Capability;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Lists the tags of a repository, page by page.
 *
 * @see <a
 *     href="https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags">
 *     distribution specification, listing tags</a>
 */
final class TagList {

  private static final int MAX_PAGE = 4 << 20;
  private static final int PAGE_SIZE = 1000;
  private static final int MAX_PAGES = 10_000;

  private final RegistryClient client;
  private final RepositoryName name;

  TagList(RegistryClient client, RepositoryName name) {
    this.client = client;
    this.name = name;
  }

  List<String> list(int limit) throws IOException, InterruptedException {
    Task task = new Task(Task.Subject.TAGS, "list the tags of " + name, Capability.RESOLVE);
    return client
        .registry(name.registry())
        .call(
            name,
            task,
            Deadline.in(client.settings().deadline()),
            (host, deadline) -> list(host, limit, deadline));
  }

  private List<String> list(HostConnection host, int limit, Deadline deadline)
      throws IOException, InterruptedException {
    List<String> tags = new ArrayList<>();
    String page = "n=" + Math.max(1, Math.min(limit, PAGE_SIZE));
    Optional<URI> next = Optional.of(host.uri("/" + name.path() + "/tags/list", page));
    for (int pages = 0; next.isPresent() && tags.size() < limit; pages++) {
      if (pages == MAX_PAGES) {
        throw new HostFailure(Kind.REFUSED, "lists tags without end");
      }
      RegistryRequest request = RegistryRequest.get(next.get(), Scopes.pull(name));
      try (Answer answer = host.send(request, deadline)) {
        if (answer.status() == 404) {
          return List.copyOf(tags);
        }
        if (answer.status() != 200) {
          throw host.failure(answer, request, deadline);
        }
        addTags(answer.readUpTo(MAX_PAGE, deadline), limit, tags);
        next = NextLink.follow(answer, host.host().origin());
      }
    }
    return List.copyOf(tags);
  }

  private static void addTags(byte[] page, int limit, List<String> tags) throws HostFailure {
    if (page.length > MAX_PAGE) {
      throw new HostFailure(Kind.REFUSED, "answered with too many tags at once");
    }
    JsonNode root =
        Json.parse(page)
            .orElseThrow(
                () ->
                    new HostFailure(
                        Kind.REFUSED, "answered with something that is no list of tags"));
    for (JsonNode tag : root.path("tags")) {
      if (tags.size() < limit && ManifestName.isTag(tag.asText(""))) {
        tags.add(tag.asText());
      }
    }
  }
}
