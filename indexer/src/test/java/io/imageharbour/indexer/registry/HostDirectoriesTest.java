package io.imageharbour.indexer.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.registry.RegistryHost.Capability;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which hosts serve a registry, as containerd reads it. */
class HostDirectoriesTest {

  @TempDir Path directory;

  private List<RegistryHost> hosts(String registry) throws RegistryConfigurationException {
    return new HostDirectories(TestClients.settings(directory)).hostsOf(registry);
  }

  private void write(String name, String toml) throws IOException {
    Path certs = Files.createDirectories(directory.resolve("certs.d").resolve(name));
    Files.writeString(certs.resolve("hosts.toml"), toml);
  }

  @ParameterizedTest
  @CsvSource({
    "docker.io, https://registry-1.docker.io/v2, false",
    "ghcr.io, https://ghcr.io/v2, false",
    "ghcr.io:5000, https://ghcr.io:5000/v2, false",
    "10.0.0.1:5000, https://10.0.0.1:5000/v2, false",
    "localhost:5000, http://localhost:5000/v2, true",
    "localhost, https://localhost/v2, true",
    "127.1.2.3:80, http://127.1.2.3:80/v2, true",
    "127.0.0.1:443, https://127.0.0.1:443/v2, true",
    "[::1]:5000, http://[::1]:5000/v2, true",
    "localhost.example:5000, https://localhost.example:5000/v2, false"
  })
  void aRegistryWithoutConfigurationServesItself(
      String registry, String base, boolean anyCertificate) throws Exception {
    assertThat(hosts(registry))
        .singleElement()
        .satisfies(
            host -> {
              assertThat(host.base()).hasToString(base);
              assertThat(host.tls().skipVerify()).isEqualTo(anyCertificate);
              assertThat(host.capabilities()).isEqualTo(EnumSet.allOf(Capability.class));
              assertThat(host.mirror()).isFalse();
            });
  }

  @Test
  void plainHttpIsSpokenWhereThatIsAskedFor() throws Exception {
    RegistrySettings settings =
        TestClients.settings(directory).withPlainHttpHosts(Set.of("10.0.0.1:5000"));
    assertThat(new HostDirectories(settings).hostsOf("10.0.0.1:5000").getFirst().base())
        .hasToString("http://10.0.0.1:5000/v2");
    assertThat(new HostDirectories(settings).hostsOf("10.0.0.2:5000").getFirst().base())
        .hasScheme("https");
    assertThat(
            new HostDirectories(settings.withPlainHttp(true)).hostsOf("ghcr.io").getFirst().base())
        .hasToString("http://ghcr.io/v2");
  }

  @Test
  void hostsComeInTheOrderOfTheFileAndTheServerLast() throws Exception {
    write(
        "docker.io",
        """
        server = "https://hub.example"
        skip_verify = true
        [host."http://z.example:5000"]
          capabilities = ["pull", "resolve"]
          [host."http://z.example:5000".header]
            X-One = "1"
            X-Two = ["2", "3"]
        [host."a.example/proxy/hub/"]
          override_path = true
          capabilities = ["Pull"]
        [host."https://m.example/v2"]
        """);
    List<RegistryHost> hosts = hosts("docker.io");
    assertThat(hosts.stream().map(host -> host.base().toString()))
        .containsExactly(
            "http://z.example:5000/v2",
            "https://a.example/proxy/hub",
            "https://m.example/v2",
            "https://hub.example/v2");
    assertThat(hosts.get(0).capabilities()).containsOnly(Capability.PULL, Capability.RESOLVE);
    assertThat(hosts.get(0).headers())
        .containsExactly(
            new HeaderField("X-One", "1"),
            new HeaderField("X-Two", "2"),
            new HeaderField("X-Two", "3"));
    assertThat(hosts.get(0).headers().toString()).doesNotContain("1", "2", "3");
    assertThat(hosts.get(1).capabilities()).containsOnly(Capability.PULL);
    assertThat(hosts.get(1).tls().skipVerify()).isFalse();
    assertThat(hosts.get(3).tls().skipVerify()).isTrue();
    assertThat(hosts).allMatch(RegistryHost::mirror);
  }

  @Test
  void withoutAServerTheRegistryItselfComesLast() throws Exception {
    write("docker.io", "[host.\"https://mirror.example\"]");
    assertThat(hosts("docker.io").stream().map(host -> host.base().toString()))
        .containsExactly("https://mirror.example/v2", "https://registry-1.docker.io/v2");
    assertThat(hosts("docker.io").getLast().mirror()).isFalse();
  }

  @Test
  void directoriesAreNamedAsContainerdNamesThem() throws Exception {
    write("_default", "[host.\"https://everything.example\"]");
    assertThat(hosts("ghcr.io").getFirst().name()).isEqualTo("everything.example");
    write("r.example:5000", "[host.\"https://colon.example\"]");
    assertThat(hosts("r.example:5000").getFirst().name()).isEqualTo("colon.example");
    write("r.example_5000_", "[host.\"https://underscore.example\"]");
    assertThat(hosts("r.example:5000").getFirst().name()).isEqualTo("underscore.example");
    assertThat(hosts("r.example").getFirst().name()).isEqualTo("everything.example");
  }

  @Test
  void certificatesMakeALoopbackRegistrySpeakTls() throws Exception {
    Files.createDirectories(directory.resolve("certs.d/localhost:5000"));
    Files.writeString(directory.resolve("certs.d/localhost:5000/ca.crt"), "");
    assertThat(hosts("localhost:5000").getFirst().base()).hasScheme("https");
    assertThat(hosts("localhost:5000").getFirst().tls().skipVerify()).isFalse();
    write("localhost:5001", "");
    assertThat(hosts("localhost:5001").getFirst().base()).hasScheme("http");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "server =",
        "server = 5",
        "server = \"ftp://a\"",
        "server = \"https://\"",
        "server = \"https://user:secret@a.example\"",
        "host = 1",
        "[host]\na = 1",
        "[host.\"https://a b\"]",
        "capabilities = [\"pull\", \"fly\"]\nserver = \"a.example\"",
        "capabilities = 3\nserver = \"a.example\"",
        "ca = 3",
        "ca = [[\"a\"]]",
        "ca = \"missing.pem\"",
        "client = 3",
        "client = [[\"a\", \"b\", \"c\"]]",
        "client = [[]]",
        "skip_verify = \"yes\"",
        "header = 1",
        "[header]\n\"a b\" = \"c\"",
        "[header]\na = \"c\\r\\nd: e\"",
        "[header]\na = 1",
        "\u0000",
        "[["
      })
  void whatCantBeUsedIsNamedWithItsFile(String toml) throws IOException {
    write("r.example", toml);
    assertThatThrownBy(() -> hosts("r.example"))
        .isInstanceOf(RegistryConfigurationException.class)
        .message()
        .contains("certs.d/r.example/")
        .doesNotContain("\n", "secret");
  }

  @Property(tries = 300)
  void whateverAFileHoldsIsUsedOrRefused(@ForAll("toml") String toml) {
    try {
      List<RegistryHost> hosts =
          new HostsFile(Path.of("/nowhere/hosts.toml"), "r.example")
              .parse(
                  toml,
                  tls ->
                      new RegistryHost(
                          java.net.URI.create("https://r.example/v2"),
                          EnumSet.allOf(Capability.class),
                          tls,
                          List.of(),
                          false));
      assertThat(hosts).isNotEmpty();
      assertThat(hosts).allMatch(host -> !host.name().isEmpty());
    } catch (RegistryConfigurationException e) {
      assertThat(e).hasMessageContaining("/nowhere/hosts.toml");
    }
  }

  @Provide
  Arbitrary<String> toml() {
    return Arbitraries.of(
            "server = \"a.example\"\n",
            "server = 1\n",
            "[host.\"http://b\"]\n",
            "[host.\"\"]\n",
            "[host.\"http://[::1]:5\"]\n",
            "capabilities = [\"pull\"]\n",
            "capabilities = []\n",
            "override_path = true\n",
            "override_path = \"x\"\n",
            "skip_verify = false\n",
            "header = {a = \"b\", c = [\"d\"]}\n",
            "ca = []\n",
            "client = []\n",
            "[[host]]\n",
            "\"\"\"",
            "= ")
        .list()
        .ofMaxSize(8)
        .map(parts -> String.join("", parts));
  }
}
