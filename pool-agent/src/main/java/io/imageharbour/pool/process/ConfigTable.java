package io.imageharbour.pool.process;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.Set;
import java.util.TreeSet;

/**
 * One table of a configuration in TOML, which remembers what was asked of it: a key that nobody
 * asked for is an error, not ignored. Belongs to one thread.
 */
public final class ConfigTable {

  private static final long MAX_BYTES = 1 << 20;
  private static final Set<String> LOG_LEVELS = Set.of("error", "warn", "info", "debug");

  private final String program;
  private final String source;
  private final String name;
  private final ObjectNode node;
  private final SequencedSet<String> known = new TreeSet<>();

  private ConfigTable(String program, String source, String name, ObjectNode node) {
    this.program = program;
    this.source = source;
    this.name = name;
    this.node = node;
  }

  /**
   * The top table of a file.
   *
   * @param program whose configuration it is
   * @throws ConfigurationException if it can't be read; one line that names the file and what to do
   */
  public static ConfigTable read(String program, Path file) throws ConfigurationException {
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw new ConfigurationException(file + " has more than " + MAX_BYTES + " bytes");
      }
      return parse(program, file.toString(), Files.readString(file));
    } catch (ConfigurationException e) {
      throw e;
    } catch (IOException e) {
      throw new ConfigurationException(
          "cannot read the configuration " + file + ": " + e + "; name another with --config", e);
    }
  }

  /**
   * The top table of a text.
   *
   * @param source names it in messages
   */
  public static ConfigTable parse(String program, String source, String toml)
      throws ConfigurationException {
    JsonNode tree;
    try {
      tree = new TomlMapper().readTree(toml);
    } catch (JsonProcessingException e) {
      throw new ConfigurationException(
          "%s is no TOML: line %d: %s"
              .formatted(
                  source,
                  e.getLocation() == null ? 0 : e.getLocation().getLineNr(),
                  e.getOriginalMessage()),
          e);
    }
    ObjectNode top =
        tree instanceof ObjectNode object ? object : new TomlMapper().createObjectNode();
    return new ConfigTable(program, source, "", top);
  }

  /** The table of this name in this one; empty if it is not there. */
  public ConfigTable table(String key) throws ConfigurationException {
    Optional<JsonNode> value = value(key);
    if (value.isPresent() && !(value.get() instanceof ObjectNode)) {
      throw wrong(key, "a table: [" + key + "]");
    }
    return new ConfigTable(
        program,
        source,
        full(key),
        value.isPresent() ? (ObjectNode) value.get() : node.objectNode());
  }

  /** A string. */
  public String string(String key, String otherwise) throws ConfigurationException {
    Optional<JsonNode> value = value(key);
    if (value.isPresent() && !value.get().isTextual()) {
      throw wrong(key, "a string in quotes");
    }
    return value.map(JsonNode::textValue).orElse(otherwise);
  }

  /** A list of strings. */
  public List<String> strings(String key, List<String> otherwise) throws ConfigurationException {
    Optional<JsonNode> value = value(key);
    if (value.isEmpty()) {
      return otherwise;
    }
    List<String> strings = new ArrayList<>();
    for (JsonNode element : value.get()) {
      if (!element.isTextual()) {
        throw wrong(key, "a list of strings in quotes");
      }
      strings.add(element.textValue());
    }
    if (!value.get().isArray()) {
      throw wrong(key, "a list: [\"…\", \"…\"]");
    }
    return strings;
  }

  /** An absolute path. */
  public Path path(String key, Path otherwise) throws ConfigurationException {
    String text = string(key, otherwise.toString());
    return toPath(key, text);
  }

  /** A list of absolute paths. */
  public List<Path> paths(String key, List<Path> otherwise) throws ConfigurationException {
    List<Path> paths = new ArrayList<>();
    for (String text : strings(key, otherwise.stream().map(Path::toString).toList())) {
      paths.add(toPath(key, text));
    }
    return paths;
  }

  /** A number in a range. */
  public int integer(String key, int otherwise, int least, int most) throws ConfigurationException {
    Optional<JsonNode> value = value(key);
    if (value.isEmpty()) {
      return otherwise;
    }
    if (!value.get().canConvertToInt()
        || !value.get().isIntegralNumber()
        || value.get().intValue() < least
        || value.get().intValue() > most) {
      throw wrong(key, "a number from " + least + " to " + most);
    }
    return value.get().intValue();
  }

  /** {@code key = true} or {@code false}. */
  public boolean flag(String key, boolean otherwise) throws ConfigurationException {
    Optional<JsonNode> value = value(key);
    if (value.isPresent() && !value.get().isBoolean()) {
      throw wrong(key, "true or false");
    }
    return value.map(JsonNode::booleanValue).orElse(otherwise);
  }

  /** {@code host:port}; empty if there is none. */
  public Optional<String> endpoint(String key) throws ConfigurationException {
    String address = string(key, "");
    if (address.isEmpty()) {
      return Optional.empty();
    }
    if (!isEndpoint(address)) {
      throw wrong(key, "host:port such as \"127.0.0.1:9393\"");
    }
    return Optional.of(address);
  }

  /** Whether this is {@code host:port}, with an IPv6 address in brackets and a port to 65535. */
  public static boolean isEndpoint(String address) {
    return address.matches("(\\[[0-9a-fA-F:]+]|[^:\\s]+):[0-9]{1,5}")
        && Integer.parseInt(address.substring(address.lastIndexOf(':') + 1)) <= 65_535;
  }

  /** The key {@code log-level}. */
  public String logLevel() throws ConfigurationException {
    String key = "log-level";
    String level = string(key, "info");
    if (!LOG_LEVELS.contains(level)) {
      throw wrong(key, "\"error\", \"warn\", \"info\" or \"debug\"");
    }
    return level;
  }

  /** To be called when all keys were asked for. */
  public void refuseUnknown() throws ConfigurationException {
    for (String key : (Iterable<String>) node::fieldNames) {
      if (!known.contains(key)) {
        throw new ConfigurationException(
            "%s has the key \"%s\", which %s does not know; here it knows %s"
                .formatted(source, full(key), program, String.join(", ", known)));
      }
    }
  }

  /** That a key has a value which it must not have. */
  public ConfigurationException wrong(String key, String expected) {
    return new ConfigurationException(
        "%s has %s = %s, which must be %s".formatted(source, full(key), node.get(key), expected));
  }

  private Optional<JsonNode> value(String key) {
    known.add(key);
    return Optional.ofNullable(node.get(key));
  }

  private Path toPath(String key, String text) throws ConfigurationException {
    try {
      Path path = Path.of(text);
      if (path.isAbsolute()) {
        return path.normalize();
      }
    } catch (InvalidPathException e) {
      throw new ConfigurationException(
          "%s has %s = \"%s\", which is no path".formatted(source, full(key), text), e);
    }
    throw wrong(key, "an absolute path");
  }

  private String full(String key) {
    return name.isEmpty() ? key : name + "." + key;
  }
}
