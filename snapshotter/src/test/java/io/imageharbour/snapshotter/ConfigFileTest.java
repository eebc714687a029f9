package io.imageharbour.snapshotter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.imageharbour.pool.cluster.AgentAddress;
import io.imageharbour.pool.process.ConfigurationException;
import io.imageharbour.pool.security.PoolSecurity;
import io.imageharbour.snapshotter.probe.TreeChoice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigFileTest {

  @Test
  void anEmptyFileIsComplete() throws Exception {
    HarbourdConfig config = ConfigFile.parse("test", "");
    assertThat(config.root()).isEqualTo(Path.of("/var/lib/harbour"));
    assertThat(config.address()).isEqualTo(Path.of("/run/harbour/harbourd.sock"));
    assertThat(config.metricsAddress()).isEmpty();
    assertThat(config.containerdAddress()).contains(Path.of("/run/containerd/containerd.sock"));
    assertThat(config.fetchTimeout()).isEqualTo(Duration.ofMinutes(2));
    assertThat(config.tree()).isEqualTo(TreeChoice.AUTO);
    assertThat(config.attachedFrom()).isEmpty();
  }

  @Test
  void everyKeyIsRead(@TempDir Path directory) throws Exception {
    PoolSecurity token = PoolSecurity.ofTokenMadeIfMissing(directory.resolve("token"));
    HarbourdConfig config =
        ConfigFile.parse(
            "test",
            """
            root = "/r"
            address = "/a.sock"
            metrics-address = "[::1]:9393"
            log-level = "debug"
            [containerd]
            address = ""
            [registry]
            certs-directories = ["/c1", "/c2"]
            docker-config = "/d"
            plain-http = ["registry:5000"]
            [fetch]
            timeout = 7
            parallel = 9
            [index]
            tree = "fuse"
            attached-from = ["registry.example", "other.example:5000/team"]
            [pool]
            agents = ["10.0.0.7:7410"]
            replicas = 2
            transports = ["rdma", "tcp"]
            timeout = 300
            head-start = 20
            token-file = "%s"
            """
                .formatted(directory.resolve("token")));
    assertThat(config.root()).isEqualTo(Path.of("/r"));
    assertThat(config.address()).isEqualTo(Path.of("/a.sock"));
    assertThat(config.metricsAddress()).contains("[::1]:9393");
    assertThat(config.logLevel()).isEqualTo("debug");
    assertThat(config.containerdAddress()).isEmpty();
    assertThat(config.certsDirectories()).containsExactly(Path.of("/c1"), Path.of("/c2"));
    assertThat(config.dockerConfigDirectory()).isEqualTo(Path.of("/d"));
    assertThat(config.plainHttpHosts()).containsExactly("registry:5000");
    assertThat(config.fetchTimeout()).isEqualTo(Duration.ofSeconds(7));
    assertThat(config.parallelFetches()).isEqualTo(9);
    assertThat(config.tree()).isEqualTo(TreeChoice.FUSE);
    assertThat(config.attachedFrom())
        .containsExactly("registry.example", "other.example:5000/team");
    PoolSettings pool = config.pool();
    assertThat(pool.agents()).extracting(AgentAddress::endpoint).containsExactly("10.0.0.7:7410");
    assertThat(pool.replicas()).isEqualTo(2);
    assertThat(pool.transports()).containsExactly("rdma", "tcp");
    assertThat(pool.readTimeout()).isEqualTo(Duration.ofMillis(300));
    assertThat(pool.headStart()).isEqualTo(Duration.ofMillis(20));
    assertThat(pool.security()).usingRecursiveComparison().isEqualTo(Optional.of(token));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "rot = \"/r\"                         | \"rot\"",
        "fetch.parallell = 1                  | \"fetch.parallell\"",
        "root = \"r\"                         | absolute path",
        "root = 1                             | a string in quotes",
        "metrics-address = \"9393\"           | host:port",
        "log-level = \"chatty\"               | \"debug\"",
        "fetch.timeout = 0                    | from 1 to 3600",
        "fetch.timeout = 1.5                  | from 1 to 3600",
        "fetch = 3                            | a table",
        "registry.plain-http = \"a\"          | a list",
        "registry.plain-http = [1]            | strings",
        "index.tree = \"ext4\"                | \"auto\", \"erofs\" or \"fuse\"",
        "root = \"/r                          | line 1",
      })
  void whatIsWrongIsSaidInOneLine(String toml, String expected) {
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> ConfigFile.parse("/etc/h.toml", toml))
        .withMessageContaining("/etc/h.toml")
        .withMessageContaining(expected.strip())
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
  }

  @Test
  void theFileInPackagingSaysWhatHoldsAnyway() throws Exception {
    Path file = Path.of("../packaging/src/main/etc/harbourd.toml");
    assertThat(ConfigFile.read(file)).isEqualTo(ConfigFile.defaults());
    // and every key in it, taken out of its comment, is one that exists
    String uncommented = Files.readString(file).replaceAll("(?m)^#(?=[a-z-]+ = )", "");
    assertThat(ConfigFile.parse("uncommented", uncommented)).isNotNull();
    assertThat(uncommented).isNotEqualTo(Files.readString(file));
  }

  @Test
  void aFileThatIsNotThereIsNamed(@TempDir Path directory) {
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> ConfigFile.read(directory.resolve("none.toml")))
        .withMessageContaining("none.toml");
  }
}
