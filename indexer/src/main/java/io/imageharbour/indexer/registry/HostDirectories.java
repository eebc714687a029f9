package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.registry.RegistryHost.Capability;
import io.imageharbour.indexer.registry.TlsSettings.CertificateFile;
import io.imageharbour.indexer.registry.TlsSettings.ClientIdentity;
import java.io.IOException;
import java.net.URI;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;

/**
 * Finds the hosts that serve a registry, where containerd finds them: the directory {@code
 * certs.d/HOST_PORT_}, {@code certs.d/HOST:PORT} or {@code certs.d/_default} with a {@code
 * hosts.toml}, or with certificates as Docker names them ({@code *.crt}, {@code *.cert}, {@code
 * *.key}). Without one, the registry serves itself.
 */
final class HostDirectories {

  private static final String HUB_SERVER = "registry-1.docker.io";
  private static final long MAX_FILE_SIZE = 1 << 20;

  private final RegistrySettings settings;

  HostDirectories(RegistrySettings settings) {
    this.settings = settings;
  }

  /** The hosts of a registry in the order in which to ask them; the last is the registry itself. */
  List<RegistryHost> hostsOf(String registry) throws RegistryConfigurationException {
    for (Path certs : settings.certsDirectories()) {
      for (String name : directoryNames(registry)) {
        Path directory = certs.resolve(name);
        if (Files.isDirectory(directory)) {
          return read(directory, registry);
        }
      }
    }
    return List.of(server(registry, TlsSettings.SYSTEM));
  }

  /** The host that answers for a registry's name. */
  static String serverOf(String registry) {
    return registry.equals(RepositoryName.DOCKER_HUB) ? HUB_SERVER : registry;
  }

  private static List<String> directoryNames(String registry) {
    List<String> names = new ArrayList<>();
    int colon = registry.lastIndexOf(':');
    if (colon > registry.lastIndexOf(']')) {
      names.add(registry.substring(0, colon) + "_" + registry.substring(colon + 1) + "_");
    }
    names.add(registry);
    names.add("_default");
    return names;
  }

  /**
   * The registry's own host. On a loopback address containerd speaks HTTP without TLS, unless the
   * port is that of HTTPS, and asks for no valid certificate; certificates that are configured
   * change both.
   */
  private RegistryHost server(String registry, TlsSettings configured) {
    String server = serverOf(registry);
    Origin secure = Origin.of(URI.create("https://" + server));
    boolean trusted = Loopback.isLoopback(secure.host()) && !configured.namesCertificates();
    boolean plain =
        settings.plainHttp()
            || settings.plainHttpHosts().contains(registry)
            || (trusted && secure.port() != 443);
    return new RegistryHost(
        URI.create((plain ? "http://" : "https://") + server + "/v2"),
        EnumSet.allOf(Capability.class),
        trusted ? new TlsSettings(List.of(), List.of(), true) : configured,
        List.of(),
        false);
  }

  private List<RegistryHost> read(Path directory, String registry)
      throws RegistryConfigurationException {
    Path file = directory.resolve("hosts.toml");
    try {
      if (Files.size(file) > MAX_FILE_SIZE) {
        throw new RegistryConfigurationException(file + " is too big for a hosts.toml");
      }
      String text = Files.readString(file);
      if (!text.isEmpty()) {
        return new HostsFile(file, registry).parse(text, tls -> server(registry, tls));
      }
    } catch (NoSuchFileException | NotDirectoryException e) {
      return certificates(directory, registry);
    } catch (RegistryConfigurationException e) {
      throw e;
    } catch (IOException e) {
      throw new RegistryConfigurationException("can't read " + file + ": " + e);
    }
    return certificates(directory, registry);
  }

  private List<RegistryHost> certificates(Path directory, String registry)
      throws RegistryConfigurationException {
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory, "*.{crt,cert}")) {
      entries.forEach(files::add);
    } catch (IOException e) {
      throw new RegistryConfigurationException("can't read " + directory + ": " + e);
    }
    Collections.sort(files);
    List<CertificateFile> authorities = new ArrayList<>();
    List<ClientIdentity> identities = new ArrayList<>();
    for (Path file : files) {
      String name = file.getFileName().toString();
      if (name.endsWith(".crt")) {
        authorities.add(CertificateFile.at(file));
      } else {
        Path key = file.resolveSibling(name.substring(0, name.length() - 5) + ".key");
        identities.add(
            new ClientIdentity(
                CertificateFile.at(file),
                Files.exists(key) ? Optional.of(CertificateFile.at(key)) : Optional.empty()));
      }
    }
    return List.of(server(registry, new TlsSettings(authorities, identities, false)));
  }
}
