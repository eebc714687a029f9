package io.imageharbour.snapshotter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.TreeSet;

/** One table of a TOML file, which remembers what was asked of it. */
final class ConfigTable {

  private final String source;
  private final String name;
  private final ObjectNode node;
  private final SequencedSet<String> known = new TreeSet<>();

  /** A table; {@code name} is empty for the top one. */
  ConfigTable(String source, String name, ObjectNode node) {
    this.source = source;
    this.name = name;
    this.node = node;
  }

  ConfigTable table(String key) throws ConfigurationException {
    Optional<JsonNode> value = value(key);
    if (value.isPresent() && !(value.get() instanceof ObjectNode)) {
      throw wrong(key, "a table: [" + key + "]");
    }
    return new ConfigTable(
        source, key, value.isPresent() ? (ObjectNode) value.get() : node.objectNode());
  }

  String string(String key, String otherwise) throws ConfigurationException {
    Optional<JsonNode> value = value(key);
    if (value.isPresent() && !value.get().isTextual()) {
      throw wrong(key, "a string in quotes");
    }
    return value.map(JsonNode::textValue).orElse(otherwise);
  }

  List<String> strings(String key, List<String> otherwise) throws ConfigurationException {
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

  Path path(String key, Path otherwise) throws ConfigurationException {
    String text = string(key, otherwise.toString());
    return toPath(key, text);
  }

  List<Path> paths(String key, List<Path> otherwise) throws ConfigurationException {
    List<Path> paths = new ArrayList<>();
    for (String text : strings(key, otherwise.stream().map(Path::toString).toList())) {
      paths.add(toPath(key, text));
    }
    return paths;
  }

  int integer(String key, int otherwise, int least, int most) throws ConfigurationException {
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

  /** To be called when all keys were asked for. */
  void refuseUnknown() throws ConfigurationException {
    for (String key : (Iterable<String>) node::fieldNames) {
      if (!known.contains(key)) {
        throw new ConfigurationException(
            "%s has the key \"%s\", which harbourd does not know; here it knows %s"
                .formatted(source, full(key), String.join(", ", known)));
      }
    }
  }

  ConfigurationException wrong(String key, String expected) {
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
