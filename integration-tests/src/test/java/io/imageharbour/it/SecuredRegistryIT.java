package io.imageharbour.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import io.imageharbour.testbed.Await;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Network;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.RegistryAccess;
import io.imageharbour.testbed.RegistryServer;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.image.OciLayout;
import io.imageharbour.testbed.image.TarLayer;
import io.imageharbour.testbed.image.TestImages;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** A registry as users have it: TLS of an authority of their own, a login, and a mirror. */
@ExtendWith(TestbedExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class SecuredRegistryIT {

  private static final String USER = "captain";
  private static final String PASSWORD = "s3cret-p:w";

  /** bcrypt of the password. */
  private static final String HASH = "$2y$05$abcdefghijklmnopqrstuuklV6kQFZIGCvWHBY.LTl0sGXqRzrTRe";

  private static final String ADDRESS = Network.loopback().address();

  /** Of each file of the image; too big to come along when another one is fetched. */
  private static final int FILE_BYTES = 3 << 20;

  private SharedTestbed testbed;
  private Path directory;
  private RegistryServer.Security security;
  private CertificateAuthority authority;
  private RegistryServer registry;
  private int mirrorPort;
  private Path login;
  private String image;

  @BeforeAll
  void convertAnImageThere(SharedTestbed shared) throws Exception {
    testbed = shared;
    directory = testbed.workspace().directory("secured");
    authority = CertificateAuthority.create(directory, "ca");
    security =
        new RegistryServer.Security(
            directory.resolve("server.crt"),
            directory.resolve("server.key"),
            Files.writeString(directory.resolve("htpasswd"), USER + ":" + HASH + "\n"));
    authority.issue(ADDRESS, security.certificate(), security.key());
    registry =
        RegistryServer.startSecured(
            testbed.workspace(),
            "rx",
            Network.loopback(),
            Network.freePort(),
            directory.resolve("data"),
            security);
    mirrorPort = Network.freePort();
    login = testbed.workspace().directory("secured/login");
    logIn(login);

    String original = registry.add(layout(), "team/image", "1");
    image = original + "-harbour";
    testbed
        .tree()
        .harbourctl("convert", "--certs-dir", certs("push", authority, Optional.empty()))
        .withArguments("--docker-config", login, original, image)
        .run();
  }

  @AfterEach
  void removeNode() throws Exception {
    Node.remove(testbed.workspace(), "x");
  }

  @AfterAll
  void stopRegistry() throws Exception {
    registry.close();
  }

  @Test
  void anImageRunsFromThereAndFromAMirrorWhenThatIsGone() throws Exception {
    Path certs = certs("mirrored", authority, Optional.of(mirrorPort));
    try (Node node = node(certs, login)) {
      pull(node, certs);
      // the mirror is not there yet
      assertThat(sum(node, "one")).isEqualTo(expectedSum("one"));
      assertThat(rangesServedBy(registry)).isPositive();

      try (RegistryServer mirror =
          RegistryServer.startSecured(
              testbed.workspace(),
              "ry",
              Network.loopback(),
              mirrorPort,
              registry.storage(),
              security)) {
        registry.close();
        assertThat(sum(node, "two")).isEqualTo(expectedSum("two"));
        assertThat(rangesServedBy(mirror)).isPositive();
      } finally {
        registry.close();
        registry =
            RegistryServer.startSecured(
                testbed.workspace(),
                "rx",
                Network.loopback(),
                registry.port(),
                registry.storage(),
                security);
      }
    }
  }

  @Test
  void withoutALoginAReadFailsAndALoginCountsAtOnce() throws Exception {
    Path certs = certs("direct", authority, Optional.empty());
    Path late = testbed.workspace().directory("secured/late");
    try (Node node = node(certs, late)) {
      pull(node, certs);
      Path tree = mount(node);
      try {
        assertReadFails(
            node,
            tree.resolve("files/one"),
            "wants a user name and a password, and %s has none for it"
                .formatted(late.resolve("config.json")));

        logIn(late);

        assertThat(Command.of("cat", tree.resolve("files/one")).run().bytes())
            .isEqualTo(content("one"));
      } finally {
        node.ctr().unmountImage(Snapshotter.HARBOUR, tree);
      }
    }
  }

  @Test
  void aCertificateOfAnAuthorityThatIsNotNamedIsNotTrusted() throws Exception {
    CertificateAuthority other = CertificateAuthority.create(directory, "other");
    try (Node node = node(certs("untrusting", other, Optional.empty()), login)) {
      pull(node, certs("trusting", authority, Optional.empty()));
      Path tree = mount(node);
      try {
        assertReadFails(node, tree.resolve("files/one"), "the TLS handshake failed");
      } finally {
        node.ctr().unmountImage(Snapshotter.HARBOUR, tree);
      }
    }
  }

  private Node node(Path certs, Path dockerConfig) throws Exception {
    return Node.start(
        testbed.workspace(),
        testbed.tree(),
        "x",
        new RegistryAccess(
            List.of(),
            Optional.of(certs),
            Optional.of(dockerConfig),
            RegistryAccess.ATTACHED_ANYWHERE));
  }

  private void pull(Node node, Path certs) throws Exception {
    node.ctr()
        .command("images", "pull", "--hosts-dir", certs, "--user", USER + ":" + PASSWORD)
        .withArguments("--snapshotter", Snapshotter.HARBOUR.id(), image)
        .run();
  }

  private Path mount(Node node) throws Exception {
    Path tree = testbed.workspace().directory("m/secured");
    node.ctr().mountImage(Snapshotter.HARBOUR, image, tree);
    return tree;
  }

  private static void assertReadFails(Node node, Path file, String cause) throws Exception {
    Command.Output read = Command.of("cat", file).attempt();

    assertThat(read.exit()).isEqualTo(1);
    assertThat(read.errors()).contains("Input/output error");
    assertThat(read.bytes()).isEmpty();
    Await.until(
        "\"" + cause + "\" in " + node.harbourd().process().logFile(),
        Duration.ofSeconds(10),
        () -> node.harbourd().process().log().contains(cause));
  }

  /** The SHA-256 of a file as a program in a container sees it. */
  private String sum(Node node, String file) throws Exception {
    return node.ctr()
        .run(Snapshotter.HARBOUR, image, "/busybox", "sha256sum", "/files/" + file)
        .output();
  }

  private static String expectedSum(String file) {
    return Digest.sha256(content(file)).hex() + "  /files/" + file;
  }

  /** The answers with a part of a blob, for which nobody but harbourd asks. */
  private static long rangesServedBy(RegistryServer server) throws IOException {
    return server.responses().stream().filter(response -> response.status() == 206).count();
  }

  /** What {@code docker login} writes, for both registries. */
  private void logIn(Path dockerConfig) throws IOException {
    String secret = Base64.getEncoder().encodeToString((USER + ":" + PASSWORD).getBytes(UTF_8));
    Files.writeString(
        dockerConfig.resolve("config.json"),
        """
        {"auths": {"%s": {"auth": "%s"}, "%s:%d": {"auth": "%s"}}}
        """
            .formatted(registry.host(), secret, ADDRESS, mirrorPort, secret));
  }

  /**
   * Makes a directory for {@code hosts.toml}.
   *
   * @param trusted the authority that it names
   * @param mirror the port of a mirror to be asked first
   */
  private Path certs(String name, CertificateAuthority trusted, Optional<Integer> mirror)
      throws IOException {
    Path certs = testbed.workspace().directory("secured/" + name);
    Path host = certs.resolve("%s_%d_".formatted(ADDRESS, registry.port()));
    Files.createDirectories(host);
    Files.copy(trusted.certificate(), host.resolve("trusted.crt"));
    // containerd 1.6 wants a host to be named even where there is none but the registry itself
    Files.writeString(
        host.resolve("hosts.toml"),
        """
        server = "https://%s"
        ca = "trusted.crt"

        [host."https://%s:%d"]
          capabilities = ["pull", "resolve"]
          ca = "trusted.crt"
        """
            .formatted(registry.host(), ADDRESS, mirror.orElse(registry.port())));
    return certs;
  }

  private OciLayout layout() throws IOException, InterruptedException {
    OciLayout layout = OciLayout.create(testbed.workspace().directory("images/secured"));
    OciLayout.Layer layer = layout.addLayer(SecuredRegistryIT::writeLayer);
    return layout.finish(
        layout.addImage(TestImages.architecture(), List.of(layer), List.of("/busybox")));
  }

  private static void writeLayer(OutputStream out) throws IOException {
    TarLayer.Attributes directory = TarLayer.Attributes.of(0755);
    try (TarLayer tar = new TarLayer(out)) {
      tar.directory(".", directory);
      tar.file("busybox", directory, Files.readAllBytes(Path.of("/bin/busybox")));
      tar.directory("files", directory);
      for (String file : List.of("one", "two")) {
        tar.file("files/" + file, TarLayer.Attributes.of(0644), content(file));
      }
    }
  }

  private static byte[] content(String file) {
    byte[] bytes = new byte[FILE_BYTES];
    new Random(file.hashCode()).nextBytes(bytes);
    return bytes;
  }
}
