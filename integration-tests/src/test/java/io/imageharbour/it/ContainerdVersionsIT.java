package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.imageharbour.testbed.Await;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Ctr;
import io.imageharbour.testbed.Documents;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.image.OciLayout;
import io.imageharbour.testbed.image.TestImages;
import io.imageharbour.testbed.machine.DebianRelease;
import io.imageharbour.testbed.machine.Machine;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * containerd 1.6, 1.7 and 2.1, each with the {@code ctr} that comes with it and configured as the
 * README says, or docs/containerd.md for 2.1.
 */
@ExtendWith(TestbedExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ContainerdVersionsIT {

  private static final Duration COLLECTION = Duration.ofSeconds(20);

  private Machines machines;
  private SharedTestbed testbed;
  private SharedTestbed.Converted python;
  private SharedTestbed.Converted small;

  @BeforeAll
  void startMachines(SharedTestbed shared) throws Exception {
    testbed = shared;
    python = testbed.python();
    small = testbed.small();
    machines =
        Machines.start(
            testbed, "v", (release, machine) -> machine.startContainerd(configuration(release)));
  }

  @AfterAll
  void stopMachines() throws Exception {
    machines.close();
  }

  private static String configuration(DebianRelease release) throws IOException {
    return release == DebianRelease.FORKY
        ? Documents.file("containerd.md", "containerd-2")
        : "version = 2\n" + Documents.file("../README.md", "plugin");
  }

  private Ctr ctr(DebianRelease release) {
    return machines.of(release).ctr(testbed.workspace().tag());
  }

  @ParameterizedTest
  @EnumSource
  void pullsAnIndexImageAndStartsItHavingFetchedLessThanAQuarter(DebianRelease release)
      throws Exception {
    Ctr ctr = ctr(release);
    String root = machines.of(release).harbourd().root().toString();
    long before = testbed.registry().servedBytes();
    ctr.pull(Snapshotter.HARBOUR, python.reference());
    Ctr.ContainerRun run =
        ctr.run(
            Snapshotter.HARBOUR,
            python.reference(),
            "python3",
            "-c",
            "import numpy; print(numpy.arange(3).sum())");

    assertThat(run.output()).isEqualTo("3");
    assertThat(testbed.registry().servedBytes() - before)
        .isBetween(1L << 20, python.compressedBytes() / 4);
    assertThat(
            ctr.run(Snapshotter.HARBOUR, python.reference(), "cat", "/proc/self/mountinfo")
                .output()
                .lines()
                .filter(mount -> mount.contains(" / / ")))
        .singleElement()
        .asString()
        .contains("::" + root + "/cas::" + root + "/c/");
  }

  @ParameterizedTest
  @EnumSource
  void pullsAndRunsAnOrdinaryImage(DebianRelease release) throws Exception {
    Ctr ctr = ctr(release);
    ctr.pull(Snapshotter.HARBOUR, small.original());
    ctr.pull(Snapshotter.HARBOUR, small.reference());
    String sums =
        ctr.run(Snapshotter.HARBOUR, small.original(), SmallImage.SUMS.toArray(String[]::new))
            .output();

    assertThat(sums.lines()).hasSizeGreaterThan(150);
    assertThat(
            ctr.run(Snapshotter.HARBOUR, small.reference(), SmallImage.SUMS.toArray(String[]::new))
                .output())
        .isEqualTo(sums);
  }

  @ParameterizedTest
  @EnumSource
  void harbourctlPullsWhatCtrThenRunsAndRemoves(DebianRelease release) throws Exception {
    Ctr ctr = ctr(release);
    Machine machine = machines.of(release);
    machine.pull(ctr.namespace(), small.reference());
    JsonNode pulled = machine.pull(ctr.namespace(), testbed.attached());
    assertThat(pulled.at("/layers/found").asInt()).as(pulled.toString()).isOne();

    for (String image : List.of(small.reference(), testbed.attached())) {
      assertThat(
              ctr.run(Snapshotter.HARBOUR, image, SmallImage.SUMS.toArray(String[]::new)).output())
          .isEqualTo(SmallImage.expectedSums());
      String snapshot = ctr.chainId(image);
      assertThat(ctr.snapshots(Snapshotter.HARBOUR)).contains(snapshot);
      ctr.removeImage(image);
      assertThat(ctr.snapshots(Snapshotter.HARBOUR)).doesNotContain(snapshot);
    }
  }

  @ParameterizedTest
  @EnumSource
  void anImageWithItsIndexBesideItIsExportedAndUnpackedOnceItsLayersAreFetched(
      DebianRelease release) throws Exception {
    Machine machine = machines.of(release);
    Ctr ctr = ctr(release);
    String image = testbed.attached();
    JsonNode pulled = machine.pull(ctr.namespace(), image);
    assertThat(pulled.at("/layers/found").asInt()).as(pulled.toString()).isOne();
    Command export = ctr.command("images", "export", "/exported.tar", image);
    List<Command> needing =
        List.of(export, ctr.command("run", "--rm", "--snapshotter", "overlayfs", image, "o", "ls"));
    for (Command command : needing) {
      assertThat(command.attempt().errors()).containsPattern("content digest .* not found");
    }

    String fetching =
        Documents.file("attach.md", "layers").replace("registry.example.com/app:5", image);
    machine.command("env", "CONTAINERD_NAMESPACE=" + ctr.namespace(), "sh", "-euc", fetching).run();

    for (Command command : needing) {
      command.run();
    }
    ctr.removeImage(image);
    ctr.command("images", "import", "--snapshotter", "harbour", "/exported.tar").run();
    assertThat(ctr.run(Snapshotter.HARBOUR, image, SmallImage.SUMS.toArray(String[]::new)).output())
        .isEqualTo(SmallImage.expectedSums());
    ctr.removeImage(image);
  }

  @Test
  void theTransferServiceTellsHarbourdTheNameOfTheImage() throws Exception {
    Ctr ctr = ctr(DebianRelease.FORKY);
    ctr.pull(Snapshotter.HARBOUR, python.reference());

    assertThat(
            ctr.command("snapshots", "--snapshotter", "harbour", "info")
                .withArguments(ctr.chainId(python.reference()))
                .run()
                .text())
        .contains("\"containerd.io/snapshot/cri.image-ref\": \"" + python.reference() + "\"");
  }

  @Test
  void theTransferServicePullsAnImageWithItsIndexBesideItWithoutItsLayers() throws Exception {
    assertThat(pullAndRunWithoutLayers(testbed.attached())).isEqualTo(SmallImage.expectedSums());
  }

  /** Has the transfer service pull an image and remove it again; answers the sums of its files. */
  private String pullAndRunWithoutLayers(String image) throws Exception {
    Ctr ctr = ctr(DebianRelease.FORKY);
    long before = testbed.registry().servedBytes();
    ctr.pull(Snapshotter.HARBOUR, image);

    assertThat(testbed.registry().servedBytes() - before).isLessThan(SmallImage.BYTES / 10);
    assertThat(machines.of(DebianRelease.FORKY).harbourd().process().log())
        .containsPattern("event=attached .* image=" + image + " ");
    String sums =
        ctr.run(Snapshotter.HARBOUR, image, SmallImage.SUMS.toArray(String[]::new)).output();
    ctr.removeImage(image);
    return sums;
  }

  @Test
  void orasShowsTheIndexBesideAnImageAndTakesItAlong() throws Exception {
    Machine machine = machines.of(DebianRelease.TRIXIE);
    String platform = "linux/" + TestImages.architecture();
    String image = testbed.attached();
    String copy = testbed.registry().reference("by-oras/beside:1");

    assertThat(
            machine
                .command("oras", "discover", "--plain-http", "--platform", platform, image)
                .run()
                .text())
        .contains("application/vnd.imageharbour.index.v1");
    machine
        .command("oras", "copy", "--recursive", "--from-plain-http", "--to-plain-http")
        .withArguments(image, copy)
        .run();

    assertThat(pullAndRunWithoutLayers(copy)).isEqualTo(SmallImage.expectedSums());
  }

  @Test
  void pullsWithoutTheTransferServiceToo() throws Exception {
    Ctr ctr = ctr(DebianRelease.FORKY);
    String copy = testbed.registry().reference("local/small:1");
    copy(small.reference(), copy);
    ctr.command("images", "pull", "--local", "--plain-http", "--snapshotter", "harbour", copy)
        .run();

    assertThat(ctr.run(Snapshotter.HARBOUR, copy, "cat", "/files/1").output()).isNotEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void whatAContainerChangedIsAnOrdinaryLayer(DebianRelease release) throws Exception {
    Ctr ctr = ctr(release);
    ctr.pull(Snapshotter.HARBOUR, small.reference());
    String container =
        ctr.start(
            Snapshotter.HARBOUR,
            small.reference(),
            "sh",
            "-c",
            "echo new > /files/new; rm /files/1; echo changed > /files/2; exec sleep 1000");
    try {
      Await.until(
          "the container to have changed its files",
          COLLECTION,
          () -> ctr.exec(container, "cat", "/files/2").text().equals("changed"));
      Path layer = testbed.workspace().directory("images").resolve("layer");
      Files.write(
          layer,
          ctr.command("snapshots", "--snapshotter", "harbour", "diff", container).run().bytes());

      assertThat(Command.of("tar", "--list", "--gzip", "--file", layer).run().text().lines())
          .containsExactlyInAnyOrder("files/", "files/new", "files/.wh.1", "files/2");
      String image = pushWith(layer, "changed" + release.ordinal());
      for (DebianRelease other : DebianRelease.values()) {
        if (other != release) {
          assertIsChanged(ctr(other), image);
        }
      }
      assertConvertsBringingOnlyWhatIsNew(ctr, image);
    } finally {
      ctr.remove(container);
    }
  }

  /**
   * Pushes what people make an image of by hand: the layers of the index image, and one more.
   * Answers its name.
   */
  private String pushWith(Path diff, String name) throws IOException, InterruptedException {
    Path copy = testbed.workspace().directory("images/below-" + name);
    Command.of("skopeo", "copy", "--quiet", "--src-tls-verify=false")
        .withArguments("docker://" + small.reference(), "oci:" + copy)
        .run();
    OciLayout below = OciLayout.open(copy);
    OciLayout layout = OciLayout.create(testbed.workspace().directory("images/" + name));
    List<OciLayout.Layer> layers =
        List.of(
            layout.addLayer(below, below.layers().getFirst()),
            layout.addLayer(
                tar -> {
                  try (InputStream in = new GZIPInputStream(Files.newInputStream(diff))) {
                    in.transferTo(tar);
                  }
                }));
    layout.finish(layout.addImage(TestImages.architecture(), layers, List.of("/bin/sh")));
    String image = testbed.registry().reference(name + ":1");
    Command.of("skopeo", "copy", "--quiet", "--dest-tls-verify=false")
        .withArguments("oci:" + layout.directory(), "docker://" + image)
        .run();
    return image;
  }

  private void assertConvertsBringingOnlyWhatIsNew(Ctr ctr, String image) throws Exception {
    String converted = image + "-harbour";

    JsonNode summary = testbed.tree().convert(image, converted);

    assertThat(summary.path("packBytes").asLong()).as(summary.toString()).isBetween(1L, 1000L);
    assertIsChanged(ctr, converted);
  }

  private static void assertIsChanged(Ctr ctr, String image) throws Exception {
    ctr.pull(Snapshotter.HARBOUR, image);
    assertThat(
            ctr.run(
                    Snapshotter.HARBOUR,
                    image,
                    "sh",
                    "-c",
                    "cat /files/new /files/2; ls /files/1 2>&1 || :")
                .output())
        .startsWith("new\nchanged\n")
        .contains("/files/1: No such file");
  }

  @ParameterizedTest
  @EnumSource
  void anImageThatIsRemovedLeavesNoSnapshotAndNoTree(DebianRelease release) throws Exception {
    Ctr ctr = ctr(release);
    String copy = testbed.registry().reference("removed/" + ctr.namespace() + ":1");
    copy(testbed.odd().reference(), copy);
    ctr.pull(Snapshotter.HARBOUR, copy);
    String snapshot = ctr.chainId(copy);
    assertThat(ctr.snapshots(Snapshotter.HARBOUR)).contains(snapshot);
    ctr.removeImage(copy);

    assertThat(ctr.snapshots(Snapshotter.HARBOUR)).doesNotContain(snapshot);
    Await.until(
        "harbourd to have a directory for each snapshot and no more",
        COLLECTION,
        () ->
            snapshotDirectories(machines.of(release)).size()
                == ctr.snapshots(Snapshotter.HARBOUR).size());
  }

  private static List<Path> snapshotDirectories(Machine machine) throws IOException {
    try (Stream<Path> directories = Files.list(machine.harbourd().root().resolve("s"))) {
      return directories.sorted().toList();
    }
  }

  private static void copy(String from, String to) throws IOException, InterruptedException {
    Command.of("skopeo", "copy", "--all", "--quiet", "--src-tls-verify=false")
        .withArguments("--dest-tls-verify=false", "docker://" + from, "docker://" + to)
        .run();
  }
}
