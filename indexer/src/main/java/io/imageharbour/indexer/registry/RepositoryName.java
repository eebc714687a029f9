package io.imageharbour.indexer.registry;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The name of a repository: which registry, and the path in it. Docker's short names are written
 * out, so {@code nginx} is {@code docker.io/library/nginx}.
 *
 * @param registry host name or address, with the port where it is not the scheme's own; {@code
 *     docker.io} for Docker Hub
 * @param path path components of lower-case letters and digits, separated by "/"
 * @see <a href="https://github.com/distribution/reference/blob/main/reference.go">grammar of
 *     references</a>
 */
public record RepositoryName(String registry, String path) {

  /** The registry that is meant when a name has none. */
  public static final String DOCKER_HUB = "docker.io";

  private static final String LEGACY_DOCKER_HUB = "index.docker.io";
  private static final int MAX_REGISTRY_LENGTH = 260;
  private static final int MAX_PATH_LENGTH = 255;

  private static final Pattern REGISTRY =
      Pattern.compile(
          "(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
              + "(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*"
              + "|\\[[a-fA-F0-9:]+])(?::[0-9]{1,5})?");
  private static final Pattern PATH_COMPONENT =
      Pattern.compile("[a-z0-9]++(?:(?:\\.|__?+|-++)[a-z0-9]++)*+");

  /** Checks both parts; {@link #parse} is for text that people typed. */
  public RepositoryName {
    String fault = registryFault(registry);
    if (fault == null) {
      fault = pathFault(path);
    }
    if (fault != null) {
      throw new IllegalArgumentException(fault);
    }
  }

  /**
   * Reads {@code [HOST[:PORT]/]PATH} the way Docker does: the part before the first "/" is a host
   * when it has a "." or a ":", has an upper-case letter or is {@code localhost}.
   *
   * @throws InvalidReferenceException if the text is no repository name
   */
  public static RepositoryName parse(String text) throws InvalidReferenceException {
    return parse(text, "repository name", text);
  }

  static RepositoryName parse(String text, String what, String whole)
      throws InvalidReferenceException {
    int slash = text.indexOf('/');
    String registry = DOCKER_HUB;
    String path = text;
    if (slash >= 0 && looksLikeHost(text.substring(0, slash))) {
      registry = text.substring(0, slash);
      path = text.substring(slash + 1);
    }
    if (registry.equals(LEGACY_DOCKER_HUB)) {
      registry = DOCKER_HUB;
    }
    if (registry.equals(DOCKER_HUB) && path.indexOf('/') < 0 && !path.isEmpty()) {
      path = "library/" + path;
    }
    try {
      return new RepositoryName(registry, path);
    } catch (IllegalArgumentException e) {
      throw new InvalidReferenceException(what, whole, String.valueOf(e.getMessage()));
    }
  }

  /** {@code host[:port]/path}. */
  @Override
  public String toString() {
    return registry + "/" + path;
  }

  private static boolean looksLikeHost(String first) {
    return first.indexOf('.') >= 0
        || first.indexOf(':') >= 0
        || first.equals("localhost")
        || first.chars().anyMatch(c -> c >= 'A' && c <= 'Z');
  }

  private static @Nullable String registryFault(String registry) {
    if (registry.length() > MAX_REGISTRY_LENGTH || !REGISTRY.matcher(registry).matches()) {
      return Printable.quote(registry) + " is no host name";
    }
    int colon = registry.lastIndexOf(':');
    if (colon > registry.lastIndexOf(']')) {
      int port = Integer.parseInt(registry.substring(colon + 1));
      if (port < 1 || port > 65535) {
        return port + " is no port";
      }
    }
    return null;
  }

  private static @Nullable String pathFault(String path) {
    if (path.isEmpty()) {
      return "the name is empty";
    }
    if (path.length() > MAX_PATH_LENGTH) {
      return "the name has more than " + MAX_PATH_LENGTH + " characters";
    }
    for (String component : path.split("/", -1)) {
      if (!PATH_COMPONENT.matcher(component).matches()) {
        return Printable.quote(component)
            + " is no part of a name (lower-case letters and digits, separated by \".\", \"_\", \"__\" or \"-\")";
      }
    }
    return null;
  }
}
