package io.imageharbour.pool.cluster;

import static io.imageharbour.pool.cluster.Eventually.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EtcdSecurityTest {

  private static final AgentAddress AGENT = new AgentAddress("node-1", "host", 7070, 1);

  @TempDir Path directory;

  @AfterEach
  void stop() throws Exception {
    Eventually.noThreadIsLeft();
  }

  @Test
  void aUserWithAPasswordGetsInAlsoWhenItsTokenIsVoid() throws Exception {
    try (EtcdServer server = EtcdServer.started()) {
      server.call("auth/user/add", Map.of("name", "root", "password", "secret"));
      server.call("auth/role/add", Map.of("name", "root"));
      server.call("auth/user/grant", Map.of("user", "root", "role", "root"));
      server.call("auth/enable", Map.of());

      try (EtcdConnection etcd = connection(server, Optional.of(user("secret")))) {
        register(etcd);

        // etcd forgets all tokens with this
        Map<String, String> root = Map.of("name", "root", "password", "secret");
        String token = server.call("auth/authenticate", root).path("token").asText();
        server.call("auth/disable", Map.of(), "Authorization", token);
        server.call("auth/enable", Map.of());

        assertThat(etcd.get("/x")).isEmpty();
        assertThat(etcd.put("/x", new byte[1], 0, 0)).isTrue();
      }
      for (Optional<EtcdConfig.Credentials> other :
          List.of(Optional.<EtcdConfig.Credentials>empty(), Optional.of(user("wrong")))) {
        try (EtcdConnection etcd = connection(server, other);
            LogLines log = new LogLines();
            EtcdMembership membership = membership(etcd)) {
          eventually(() -> assertThat(log.with("pool-list-stale")).hasSize(1));
          assertThat(membership.stale()).isTrue();
          assertThat(log.with("pool-list-stale").toString())
              .doesNotContain("wrong")
              .doesNotContain("secret");
        }
      }
    }
  }

  @Test
  void bothSidesKnowEachOtherByTheirCertificates() throws Exception {
    authority("ca");
    certificate("ca", "server", "IP:127.0.0.1");
    certificate("ca", "client", "DNS:client");
    authority("other");
    certificate("other", "impostor", "IP:127.0.0.1");
    try (EtcdServer server =
        EtcdServer.started(
            "--cert-file",
            file("server.crt").toString(),
            "--key-file",
            file("server.key").toString(),
            "--client-cert-auth",
            "--trusted-ca-file",
            file("ca.crt").toString())) {
      try (EtcdConnection etcd = connection(server, tls("ca", Optional.of("client")))) {
        register(etcd);
      }
      for (EtcdConfig.Tls wrong :
          List.of(
              tls("ca", Optional.empty()),
              tls("ca", Optional.of("impostor")),
              tls("other", Optional.of("client")))) {
        try (EtcdConnection etcd = connection(server, wrong)) {
          assertThatThrownBy(() -> etcd.get("/x")).isInstanceOf(EtcdUnavailableException.class);
        }
      }
    }
  }

  @Test
  void aServerWithAnotherNameInItsCertificateIsNotTrusted() throws Exception {
    authority("ca");
    certificate("ca", "server", "IP:127.0.0.2");
    try (EtcdServer server =
        EtcdServer.started(
            "--cert-file", file("server.crt").toString(),
            "--key-file", file("server.key").toString())) {
      try (EtcdConnection etcd = connection(server, tls("ca", Optional.empty()))) {
        assertThatThrownBy(() -> etcd.get("/x")).isInstanceOf(EtcdUnavailableException.class);
      }
    }
  }

  @Test
  void aMissingCertificateIsNamed() {
    EtcdConfig config =
        new EtcdConfig(
            List.of(URI.create("https://127.0.0.1:1")),
            EtcdConfig.DEFAULT_PREFIX,
            EtcdConfig.DEFAULT_TIMEOUT,
            Optional.of(tls("nowhere", Optional.empty())),
            Optional.empty());
    assertThatThrownBy(() -> new EtcdConnection(config))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("nowhere.crt");
  }

  @Test
  void aPasswordIsInNoText() {
    EtcdConfig config =
        new EtcdConfig(
            List.of(URI.create("http://127.0.0.1:1")),
            EtcdConfig.DEFAULT_PREFIX,
            EtcdConfig.DEFAULT_TIMEOUT,
            Optional.empty(),
            Optional.of(user("secret")));
    assertThat(config.toString()).contains("root").doesNotContain("secret");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost:2379",
        "ftp://host:2379",
        "http://:2379",
        "http://user:pw@host:2379",
        "http://host:2379/path",
        "http://host:2379?x",
        "unix:///run/etcd"
      })
  void otherFormsOfEndpointsAreRefusedWithoutTheirPasswords(String endpoint) {
    assertThatThrownBy(() -> EtcdConfig.of(URI.create(endpoint)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("http://host:port")
        .hasMessageNotContaining("pw");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/", "harbour", "/harbour/", "/harbour pool", "/härbour"})
  void otherFormsOfPrefixesAreRefused(String prefix) {
    assertThatThrownBy(
            () ->
                new EtcdConfig(
                    List.of(URI.create("http://host:2379")),
                    prefix,
                    EtcdConfig.DEFAULT_TIMEOUT,
                    Optional.empty(),
                    Optional.empty()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("prefix");
  }

  private static void register(EtcdConnection etcd) throws Exception {
    try (AgentRegistration registration =
            new AgentRegistration(etcd, AGENT, Duration.ofSeconds(2));
        EtcdMembership membership = membership(etcd)) {
      eventually(() -> assertThat(registration.registered()).isTrue());
      eventually(() -> assertThat(membership.agents()).containsExactly(AGENT));
      assertThat(membership.stale()).isFalse();
    }
  }

  private static EtcdMembership membership(EtcdConnection etcd) {
    return new EtcdMembership(etcd, new StaticMembership(List.of()));
  }

  private static EtcdConfig.Credentials user(String password) {
    return new EtcdConfig.Credentials("root", password);
  }

  private static EtcdConnection connection(EtcdServer server, Optional<EtcdConfig.Credentials> user)
      throws IOException {
    return new EtcdConnection(
        new EtcdConfig(
            List.of(server.endpoint()),
            EtcdConfig.DEFAULT_PREFIX,
            Duration.ofSeconds(10),
            Optional.empty(),
            user));
  }

  private static EtcdConnection connection(EtcdServer server, EtcdConfig.Tls tls)
      throws IOException {
    return new EtcdConnection(
        new EtcdConfig(
            List.of(URI.create("https://127.0.0.1:" + server.port())),
            EtcdConfig.DEFAULT_PREFIX,
            Duration.ofSeconds(10),
            Optional.of(tls),
            Optional.empty()));
  }

  private EtcdConfig.Tls tls(String authority, Optional<String> identity) {
    return new EtcdConfig.Tls(
        Optional.of(file(authority + ".crt")),
        identity.map(name -> new EtcdConfig.Identity(file(name + ".crt"), file(name + ".key"))));
  }

  private Path file(String name) {
    return directory.resolve(name);
  }

  private void authority(String name) throws Exception {
    openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=" + name,
        "-keyout",
        name + ".key",
        "-out",
        name + ".crt");
  }

  private void certificate(String authority, String name, String alternative) throws Exception {
    Files.writeString(
        file(name + ".ext"),
        "subjectAltName=" + alternative + "\nextendedKeyUsage=serverAuth,clientAuth\n");
    openssl(
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=" + name,
        "-keyout",
        name + ".key",
        "-out",
        name + ".csr");
    openssl(
        "x509",
        "-req",
        "-in",
        name + ".csr",
        "-CA",
        authority + ".crt",
        "-CAkey",
        authority + ".key",
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        name + ".ext",
        "-out",
        name + ".crt");
  }

  private void openssl(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("openssl"));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor()).as(said).isZero();
  }
}
