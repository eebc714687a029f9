package io.imageharbour.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContainerdConfigTest {

  @TempDir private Path directory = Path.of("");

  @Test
  void thePluginAndTheSnapshotterOfKubernetesAreFound() throws Exception {
    Path file =
        write(
            "config.toml",
            """
            version = 2
            [grpc]
              address = "/run/other.sock"
            [plugins."io.containerd.grpc.v1.cri".containerd]
              snapshotter = "harbour"
            [proxy_plugins]
              [proxy_plugins.harbour]
                type = "snapshot"
                address = "/run/harbour/harbourd.sock"
                [proxy_plugins.harbour.exports]
                  root = "/var/lib/harbour"
            """);
    ContainerdConfig config = ContainerdConfig.read(file);
    assertThat(config.pluginType()).contains("snapshot");
    assertThat(config.pluginAddress()).contains("/run/harbour/harbourd.sock");
    assertThat(config.pluginRoot()).contains("/var/lib/harbour");
    assertThat(config.address()).hasToString("/run/other.sock");
    assertThat(config.criSnapshotter()).contains("harbour");
  }

  @Test
  void theConfigurationOfContainerd2HasTheSnapshotterElsewhere() throws Exception {
    Path file =
        write(
            "config.toml",
            """
            version = 3
            [plugins.'io.containerd.cri.v1.images']
              snapshotter = 'harbour'
            """);
    assertThat(ContainerdConfig.read(file).criSnapshotter()).contains("harbour");
  }

  @Test
  void importedFilesCountAndMayImportEachOther() throws Exception {
    Path file =
        write("config.toml", "imports = [\"%s/conf.d/*.toml\", \"own.toml\"]".formatted(directory));
    Files.createDirectory(directory.resolve("conf.d"));
    write(
        "conf.d/10-harbour.toml", "[proxy_plugins.harbour]\ntype = \"snapshot\"\naddress = \"/a\"");
    write("conf.d/20-harbour.toml", "[proxy_plugins.harbour]\naddress = \"/b\"");
    write("conf.d/ignored.txt", "not toml");
    write("own.toml", "imports = [\"config.toml\"]");

    ContainerdConfig config = ContainerdConfig.read(file);

    assertThat(config.files()).hasSize(4);
    assertThat(config.pluginType()).contains("snapshot");
    assertThat(config.pluginAddress()).contains("/b");
  }

  @Test
  void theTransferServiceUnpacksForWhatTheLastFileNames() throws Exception {
    String unpack =
        """
        [[plugins."io.containerd.transfer.v1.local".unpack_config]]
          platform = "linux/amd64"
          snapshotter = "%s"
        """;
    Path file =
        write(
            "config.toml",
            "imports = [\"own.toml\"]\n"
                + unpack.formatted("overlayfs")
                + unpack.formatted("harbour"));
    assertThat(ContainerdConfig.read(file).transferUnpacks()).isTrue();
    write("own.toml", "[plugins.\"io.containerd.grpc.v1.cri\"]\nx = 1");
    assertThat(ContainerdConfig.read(file).transferUnpacks()).isTrue();
    write("own.toml", unpack.formatted("overlayfs"));
    assertThat(ContainerdConfig.read(file).transferUnpacks()).isFalse();
  }

  @Test
  void containerdsOwnDefaultHasNothingOfHarbour() throws Exception {
    Process dump = new ProcessBuilder("containerd", "config", "default").start();
    Path file = directory.resolve("default.toml");
    Files.write(file, dump.getInputStream().readAllBytes());

    ContainerdConfig config = ContainerdConfig.read(file);

    assertThat(config.pluginAddress()).isEmpty();
    assertThat(config.address()).hasToString("/run/containerd/containerd.sock");
    assertThat(config.criSnapshotter()).contains("overlayfs");
    assertThat(config.transferUnpacks()).isFalse();
  }

  @Test
  void whatIsNoTomlIsSaidWithItsLine() throws Exception {
    Path file = write("config.toml", "version = 2\n[grpc\n");
    assertThatThrownBy(() -> ContainerdConfig.read(file))
        .isInstanceOf(InvalidContainerdConfigException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining("line 2");
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(directory.resolve(name), text);
  }
}
