package io.imageharbour.indexer.registry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.RegistryHost.Capability;
import java.io.IOException;
import java.util.Optional;

/**
 * Pushes a manifest that refers to another one, and lists it by hand where the registry does not.
 *
 * @see <a
 *     href="https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests-with-subject">
 *     distribution specification, pushing manifests with subject</a>
 */
final class ReferrerPush {

  private static final String INDEX = "application/vnd.oci.image.index.v1+json";
  private static final JsonMapper JSON = new JsonMapper();

  /** So often the list is written again when somebody else wrote it at the same time. */
  private static final int ATTEMPTS = 5;

  private final RegistryClient client;
  private final RepositoryName name;

  ReferrerPush(RegistryClient client, RepositoryName name) {
    this.client = client;
    this.name = name;
  }

  void push(Digest subject, String artifactType, String mediaType, byte[] bytes)
      throws IOException, InterruptedException {
    Digest digest = Digest.sha256(bytes);
    ManifestPush push = new ManifestPush(client, name);
    if (push.push(digest.toString(), mediaType, bytes)) {
      return;
    }
    String tag = ReferrerList.fallbackTag(subject);
    ObjectNode entry =
        JSON.createObjectNode()
            .put("mediaType", mediaType)
            .put("digest", digest.toString())
            .put("size", bytes.length)
            .put("artifactType", artifactType);
    ReferrerList list = new ReferrerList(client, name);
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      // some registries list it and do not say so when it is pushed
      if (list.listWherePushed(subject, artifactType).stream()
          .anyMatch(page -> lists(page, digest))) {
        return;
      }
      boolean unused = push.push(tag, INDEX, with(entry, artifactType, find(tag)));
    }
    throw new RegistryRefusedException(
        "can't list "
            + digest
            + " under "
            + name
            + ":"
            + tag
            + ": others write it all the time; try again");
  }

  private Optional<Manifest> find(String tag) throws IOException, InterruptedException {
    try {
      // a mirror may have an old one, without what others have added since
      return Optional.of(new ManifestPull(client, name).pull(tag, Capability.PUSH));
    } catch (ManifestNotFoundException e) {
      return Optional.empty();
    }
  }

  private static boolean lists(Manifest list, Digest digest) {
    for (JsonNode entry : entries(Optional.of(list))) {
      if (entry.path("digest").asText().equals(digest.toString())) {
        return true;
      }
    }
    return false;
  }

  private static byte[] with(ObjectNode added, String artifactType, Optional<Manifest> present)
      throws JsonProcessingException {
    ObjectNode list = JSON.createObjectNode();
    list.put("schemaVersion", 2).put("mediaType", INDEX);
    ArrayNode manifests = list.putArray("manifests");
    for (JsonNode entry : entries(present)) {
      if (!entry.path("artifactType").asText().equals(artifactType)) {
        manifests.add(entry);
      }
    }
    manifests.add(added);
    return JSON.writeValueAsBytes(list);
  }

  private static JsonNode entries(Optional<Manifest> list) {
    return list.flatMap(manifest -> Json.parse(manifest.bytes()))
        .map(root -> root.path("manifests"))
        .orElseGet(JSON::missingNode);
  }
}
