package io.imageharbour.indexer.registry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import io.imageharbour.indexer.registry.RegistryHost.Capability;
import io.imageharbour.indexer.registry.TlsSettings.CertificateFile;
import io.imageharbour.indexer.registry.TlsSettings.ClientIdentity;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads a {@code hosts.toml} as containerd does: the hosts in the order of the file, then the
 * server.
 *
 * @see <a href="https://github.com/containerd/containerd/blob/main/docs/hosts.md">containerd's
 *     registry configuration</a>
 */
final class HostsFile {

  private static final ObjectMapper TOML = new TomlMapper();
  private static final String API = "/v2";

  private final Path file;
  private final String registry;

  /**
   * @param file where the text comes from; certificates are named relative to its directory
   * @param registry which registry it is read for
   */
  HostsFile(Path file, String registry) {
    this.file = file;
    this.registry = registry;
  }

  /**
   * The hosts that the text lists.
   *
   * @param usual makes the registry's own host, used where the text names no server
   */
  List<RegistryHost> parse(String text, Function<TlsSettings, RegistryHost> usual)
      throws RegistryConfigurationException {
    JsonNode root = tree(text);
    List<RegistryHost> hosts = new ArrayList<>();
    JsonNode table = root.path("host");
    if (!table.isMissingNode() && !table.isObject()) {
      throw wrong("\"host\" is not a table");
    }
    for (Map.Entry<String, JsonNode> entry : table.properties()) {
      if (!entry.getValue().isObject()) {
        throw wrong("host." + Printable.quote(entry.getKey()) + " is not a table");
      }
      hosts.add(host(entry.getKey(), entry.getValue()));
    }
    String server = text(root, "server").orElse("");
    if (server.isEmpty()) {
      RegistryHost own = usual.apply(tls(root));
      hosts.add(new RegistryHost(own.base(), own.capabilities(), own.tls(), headers(root), false));
    } else {
      hosts.add(host(server, root));
    }
    return hosts;
  }

  private JsonNode tree(String text) throws RegistryConfigurationException {
    try {
      return TOML.readTree(text);
    } catch (JsonProcessingException e) {
      throw wrong(
          "line %d: %s"
              .formatted(
                  e.getLocation() == null ? 0 : e.getLocation().getLineNr(),
                  Printable.line(String.valueOf(e.getOriginalMessage()), 200)));
    }
  }

  private RegistryHost host(String address, JsonNode node) throws RegistryConfigurationException {
    String full = address.contains("://") ? address : "https://" + address;
    URI uri;
    try {
      uri = URI.create(full);
      Origin.of(uri);
    } catch (IllegalArgumentException e) {
      throw wrong(
          Printable.quote(address.replaceFirst("//[^/]*@", "//…@"))
              + " is no address of a host. Expected http[s]://HOST[:PORT][/PATH]");
    }
    Origin origin = Origin.of(uri);
    boolean override = node.path("override_path").asBoolean(false);
    String path = uri.normalize().getRawPath().replaceFirst("/+$", "");
    if (!override && !path.endsWith(API)) {
      path += API;
    }
    return new RegistryHost(
        URI.create(origin + path),
        capabilities(node),
        tls(node),
        headers(node),
        !origin.authority().equals(HostDirectories.serverOf(registry)));
  }

  private Set<Capability> capabilities(JsonNode node) throws RegistryConfigurationException {
    JsonNode listed = node.path("capabilities");
    Set<Capability> capabilities = EnumSet.noneOf(Capability.class);
    for (String name : strings(listed, "capabilities")) {
      switch (name.toLowerCase(Locale.ROOT)) {
        case "pull" -> capabilities.add(Capability.PULL);
        case "resolve" -> capabilities.add(Capability.RESOLVE);
        case "push" -> capabilities.add(Capability.PUSH);
        default ->
            throw wrong(
                "unknown capability "
                    + Printable.quote(name)
                    + ". Known are \"pull\", \"resolve\" and \"push\"");
      }
    }
    return capabilities.isEmpty() ? EnumSet.allOf(Capability.class) : capabilities;
  }

  private TlsSettings tls(JsonNode node) throws RegistryConfigurationException {
    List<CertificateFile> authorities = new ArrayList<>();
    for (String name : strings(node.path("ca"), "ca")) {
      authorities.add(certificate(name));
    }
    JsonNode skip = node.path("skip_verify");
    if (!skip.isMissingNode() && !skip.isBoolean()) {
      throw wrong("\"skip_verify\" is neither true nor false");
    }
    return new TlsSettings(authorities, identities(node.path("client")), skip.asBoolean(false));
  }

  /** One file, a list of files, or a list of pairs of files. */
  private List<ClientIdentity> identities(JsonNode client) throws RegistryConfigurationException {
    List<ClientIdentity> identities = new ArrayList<>();
    if (client.isTextual()) {
      identities.add(new ClientIdentity(certificate(client.asText()), Optional.empty()));
    } else if (client.isArray()) {
      for (JsonNode item : client) {
        List<String> pair = strings(item, "client");
        if (pair.isEmpty() || pair.size() > 2) {
          throw wrong("\"client\" lists a pair of " + pair.size() + " files");
        }
        identities.add(
            new ClientIdentity(
                certificate(pair.getFirst()),
                pair.size() == 2 ? Optional.of(certificate(pair.get(1))) : Optional.empty()));
      }
    } else if (!client.isMissingNode()) {
      throw wrong("\"client\" is neither a file nor a list of files");
    }
    return identities;
  }

  private CertificateFile certificate(String name) throws RegistryConfigurationException {
    return CertificateFile.at(file.resolveSibling(name));
  }

  private List<HeaderField> headers(JsonNode node) throws RegistryConfigurationException {
    List<HeaderField> headers = new ArrayList<>();
    JsonNode table = node.path("header");
    if (!table.isMissingNode() && !table.isObject()) {
      throw wrong("\"header\" is not a table");
    }
    for (Map.Entry<String, JsonNode> entry : table.properties()) {
      for (String value : strings(entry.getValue(), "header")) {
        if (!entry.getKey().matches("[!#$%&'*+.^_`|~0-9A-Za-z-]+")
            || value.chars().anyMatch(Character::isISOControl)) {
          throw wrong(Printable.quote(entry.getKey()) + " can't be sent as a header");
        }
        headers.add(new HeaderField(entry.getKey(), value));
      }
    }
    return headers;
  }

  private Optional<String> text(JsonNode node, String key) throws RegistryConfigurationException {
    JsonNode value = node.path(key);
    if (value.isMissingNode()) {
      return Optional.empty();
    }
    if (!value.isTextual()) {
      throw wrong('"' + key + "\" is not a string");
    }
    return Optional.of(value.asText());
  }

  private List<String> strings(@Nullable JsonNode node, String key)
      throws RegistryConfigurationException {
    if (node == null || node.isMissingNode()) {
      return List.of();
    }
    if (node.isTextual()) {
      return List.of(node.asText());
    }
    List<String> strings = new ArrayList<>();
    if (!node.isArray()) {
      throw wrong('"' + key + "\" is neither a string nor a list of strings");
    }
    for (JsonNode item : node) {
      if (!item.isTextual()) {
        throw wrong('"' + key + "\" lists something that is not a string");
      }
      strings.add(item.asText());
    }
    return strings;
  }

  private RegistryConfigurationException wrong(String what) {
    return new RegistryConfigurationException(
        "can't use " + file + ": " + what + ". Correct it or take it away");
  }
}
