package io.imageharbour.indexer.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Real registries with certificates of their own, one of which wants to see the client's. */
class TlsTest {

  @TempDir static Path directory;
  private static RegistryProcess registry;
  private static RegistryProcess strict;

  @TempDir Path configuration;
  private Duration patience = Duration.ofSeconds(10);

  @BeforeAll
  static void start() throws Exception {
    Certificates.selfSigned(directory, "server", "IP:127.0.0.1");
    Certificates.selfSigned(directory, "client", "DNS:client");
    Path server = directory.resolve("server.crt");
    Path key = directory.resolve("server.key");
    registry = RegistryProcess.withTls(Files.createDirectory(directory.resolve("a")), server, key);
    strict =
        RegistryProcess.withClientCertificates(
            Files.createDirectory(directory.resolve("b")),
            server,
            key,
            directory.resolve("client.crt"));
  }

  @AfterAll
  static void stop() {
    registry.close();
    strict.close();
  }

  /** Writes a hosts.toml with what {@code {dir}} stands for, and works with the registry. */
  private void use(RegistryProcess server, String hosts) throws IOException, InterruptedException {
    Path certs = Files.createDirectories(certs(server));
    Files.writeString(
        certs.resolve("hosts.toml"),
        hosts.replace("{dir}", directory.toString()).replace("{host}", server.host()));
    work(server);
  }

  private Path certs(RegistryProcess server) {
    return configuration.resolve("certs.d/" + server.host());
  }

  private void work(RegistryProcess server) throws IOException, InterruptedException {
    try (RegistryClient client =
        new RegistryClient(TestClients.settings(configuration).withTimeouts(patience, patience))) {
      Repository repository = client.repository(server.repository("a/b"));
      repository.uploadBlob("{}".getBytes());
      assertThat(repository.hasBlob(Digest.sha256("{}".getBytes()))).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "server = \"https://{host}\"\nca = \"{dir}/server.crt\"",
        "ca = [\"{dir}/client.crt\", \"{dir}/server.crt\"]",
        "[host.\"https://{host}\"]\nca = \"{dir}/server.crt\"",
        "server = \"https://{host}\"\nskip_verify = true",
      })
  void aRegistryIsTrustedAsHostsTomlSays(String hosts) throws Exception {
    use(registry, hosts);
  }

  @Test
  void aCertificateThatNobodyKnowsIsRefusedAtOnce() {
    assertThatThrownBy(() -> use(registry, "server = \"https://{host}\""))
        .isInstanceOf(RegistryRefusedException.class)
        .hasMessageContaining("the TLS handshake failed")
        .hasMessageContaining("name the CA that signed its certificate as \"ca\" in hosts.toml");
  }

  @Test
  void aCertificateForAnotherNameIsRefusedAtOnce() throws Exception {
    Certificates.selfSigned(configuration, "other", "DNS:other.example");
    Path data = Files.createDirectory(configuration.resolve("data"));
    try (RegistryProcess other =
        RegistryProcess.withTls(
            data, configuration.resolve("other.crt"), configuration.resolve("other.key"))) {
      assertThatThrownBy(
              () ->
                  use(
                      other,
                      "server = \"https://{host}\"\nca = \"" + configuration + "/other.crt\""))
          .isInstanceOf(RegistryRefusedException.class)
          .hasMessageContaining("No subject alternative names matching");
      use(other, "server = \"https://{host}\"\nskip_verify = true");
    }
  }

  @Test
  void dockersNamesForCertificatesWork() throws Exception {
    Path certs = Files.createDirectories(certs(strict));
    Files.copy(directory.resolve("server.crt"), certs.resolve("ca.crt"));
    Files.copy(directory.resolve("client.crt"), certs.resolve("me.cert"));
    Files.copy(directory.resolve("client.key"), certs.resolve("me.key"));
    work(strict);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[[\"{dir}/client.crt\", \"{dir}/client.key\"]]",
        "\"{dir}/both.pem\"",
        "[\"{dir}/sec1.pem\"]"
      })
  void aRegistryThatWantsACertificateGetsIt(String identity) throws Exception {
    String certificate = Files.readString(directory.resolve("client.crt"));
    Files.writeString(
        directory.resolve("both.pem"),
        certificate + Files.readString(directory.resolve("client.key")));
    RegistryProcess.run(
        List.of(
            "openssl",
            "ec",
            "-in",
            directory.resolve("client.key").toString(),
            "-out",
            directory.resolve("sec1.key").toString()));
    Files.writeString(
        directory.resolve("sec1.pem"),
        certificate + Files.readString(directory.resolve("sec1.key")));
    use(strict, "server = \"https://{host}\"\nca = \"{dir}/server.crt\"\nclient = " + identity);
  }

  @Test
  void aRegistryThatWantsACertificateAndGetsNoneRefuses() {
    // It hangs up during the handshake's last step, which looks like any broken connection.
    patience = Duration.ofSeconds(1);
    assertThatThrownBy(() -> use(strict, "server = \"https://{host}\"\nca = \"{dir}/server.crt\""))
        .isInstanceOf(IOException.class);
  }

  @Test
  void aFileThatIsNoCertificateIsNamed() {
    assertThatThrownBy(
            () -> use(registry, "server = \"https://{host}\"\nca = \"{dir}/server.key\""))
        .isInstanceOf(RegistryConfigurationException.class)
        .hasMessageContaining("server.key holds no certificate");
    assertThatThrownBy(() -> use(registry, "server = \"https://{host}\"\nca = \"missing.pem\""))
        .isInstanceOf(RegistryConfigurationException.class)
        .hasMessageContaining("missing.pem");
  }

  @Test
  void aRegistryThatSpeaksOnlyTlsIsNamedAsSuch() throws Exception {
    try (RegistryClient client = new RegistryClient(TestClients.settings(configuration))) {
      assertThatThrownBy(() -> client.repository(registry.repository("a/b")).manifest("latest"))
          .isInstanceOf(RegistryRefusedException.class)
          .hasMessageContaining("name it with https:// in hosts.toml");
    }
  }

  @Test
  void aRegistryThatDoesNotSpeakTlsIsNamedAsSuch() throws Exception {
    try (RegistryProcess plain =
        RegistryProcess.plain(Files.createDirectory(configuration.resolve("plain")))) {
      assertThatThrownBy(() -> use(plain, "server = \"https://{host}\"\nskip_verify = true"))
          .isInstanceOf(RegistryRefusedException.class)
          .hasMessageContaining("does not speak TLS");
    }
  }
}
