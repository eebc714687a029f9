package io.imageharbour.indexer.registry;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Credentials from Docker's {@code config.json} and the helper programs it names. Read anew for
 * every question, so that a login counts at once.
 *
 * @see <a href="https://docs.docker.com/reference/cli/docker/login/">docker login</a>, <a
 *     href="https://github.com/distribution/distribution/blob/main/docs/content/spec/auth/oauth.md">
 *     identity tokens</a>
 */
final class DockerConfig {

  private static final long MAX_SIZE = 4 << 20;

  /** What Docker Hub's credentials are filed under. */
  private static final String HUB_KEY = "https://index.docker.io/v1/";

  private final Path file;
  private final CredentialHelper helper;

  DockerConfig(Path directory, CredentialHelper helper) {
    this.file = directory.resolve("config.json");
    this.helper = helper;
  }

  /** The file that the credentials come from. */
  Path file() {
    return file;
  }

  /**
   * What the user has for a host.
   *
   * @param host {@code host[:port]} as it is asked, {@code registry-1.docker.io} for Docker Hub
   */
  Credentials credentialsFor(String host) throws IOException, InterruptedException {
    Optional<JsonNode> config = read();
    if (config.isEmpty()) {
      return new Credentials.Anonymous();
    }
    boolean hub = isHub(host);
    String key = hub ? HUB_KEY : host;
    Optional<String> program = helperFor(config.get(), host, hub);
    if (program.isPresent()) {
      Optional<Credentials> answer = helper.ask(program.get(), key);
      if (answer.isPresent()) {
        return answer.get();
      }
    }
    for (Map.Entry<String, JsonNode> entry : config.get().path("auths").properties()) {
      String filed = hostOf(entry.getKey());
      if (filed.equals(host) || (hub && isHub(filed))) {
        Optional<Credentials> credentials = inFile(entry.getValue());
        if (credentials.isPresent()) {
          return credentials.get();
        }
      }
    }
    return new Credentials.Anonymous();
  }

  private Optional<JsonNode> read() throws IOException {
    try {
      if (Files.size(file) > MAX_SIZE) {
        throw new RegistryConfigurationException(file + " is too big for Docker's config.json");
      }
      Optional<JsonNode> root = Json.parse(Files.readAllBytes(file)).filter(JsonNode::isObject);
      if (root.isEmpty()) {
        throw new RegistryConfigurationException(
            file + " is no JSON object. Correct it, or log in again");
      }
      return root;
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }

  private static Optional<String> helperFor(JsonNode config, String host, boolean hub) {
    for (Map.Entry<String, JsonNode> entry : config.path("credHelpers").properties()) {
      String filed = hostOf(entry.getKey());
      if (filed.equals(host) || (hub && isHub(filed))) {
        return Optional.of(entry.getValue().asText());
      }
    }
    String store = Json.text(config, "credsStore");
    return store.isEmpty() ? Optional.empty() : Optional.of(store);
  }

  private Optional<Credentials> inFile(JsonNode entry) throws RegistryConfigurationException {
    String identityToken = Json.text(entry, "identitytoken");
    if (!identityToken.isEmpty()) {
      return Optional.of(new Credentials.IdentityToken(identityToken));
    }
    String registryToken = Json.text(entry, "registrytoken");
    if (!registryToken.isEmpty()) {
      return Optional.of(new Credentials.RegistryToken(registryToken));
    }
    String user = Json.text(entry, "username");
    String password = Json.text(entry, "password");
    String auth = Json.text(entry, "auth");
    if (!auth.isEmpty()) {
      String pair = decoded(auth);
      int colon = pair.indexOf(':');
      if (colon < 0) {
        throw new RegistryConfigurationException(
            file + " holds an \"auth\" without user name and password. Log in again");
      }
      user = pair.substring(0, colon);
      password = pair.substring(colon + 1);
    }
    return user.isEmpty() || password.isEmpty()
        ? Optional.empty()
        : Optional.of(new Credentials.Password(user, password));
  }

  private String decoded(String auth) throws RegistryConfigurationException {
    try {
      String pair = new String(Base64.getDecoder().decode(auth.strip()), StandardCharsets.UTF_8);
      int end = pair.length();
      // Old clients padded the pair with NULs.
      while (end > 0 && pair.charAt(end - 1) == 0) {
        end--;
      }
      return pair.substring(0, end);
    } catch (IllegalArgumentException e) {
      throw new RegistryConfigurationException(
          file + " holds an \"auth\" that is not base64. Log in again");
    }
  }

  private static boolean isHub(String host) {
    return List.of("registry-1.docker.io", "index.docker.io", "docker.io").contains(host);
  }

  /** Keys are hosts, or addresses of old: {@code https://host/v1/}. */
  private static String hostOf(String key) {
    String rest = key.replaceFirst("^https?://", "");
    int slash = rest.indexOf('/');
    return slash < 0 ? rest : rest.substring(0, slash);
  }
}
