package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.testbed.Await;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Ctr;
import io.imageharbour.testbed.Documents;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.machine.DebianRelease;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Docker 26 and 28 with containerd's image store, configured as docs/docker.md says, and what they
 * make of index images on a node that has containerd 1.6 alone.
 */
@ExtendWith(TestbedExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class DockerIT {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final String CHANGES =
      "echo committed > /files/new; rm /files/1; echo changed > /files/2; exec sleep 100000";

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
            testbed,
            "d",
            (release, machine) -> {
              boolean isNew = release == DebianRelease.FORKY;
              machine.startContainerd(
                  Documents.file("containerd.md", isNew ? "containerd-2" : "containerd-1"));
              if (release != DebianRelease.BOOKWORM) {
                machine.startDocker(Documents.file("docker.md", "daemon.json"));
              }
            });
  }

  @AfterAll
  void stopMachines() throws Exception {
    machines.close();
  }

  private String docker(DebianRelease release, Object... arguments)
      throws IOException, InterruptedException {
    return machines.of(release).command("docker").withArguments(arguments).run().text();
  }

  /** What a command in a new container of an image writes. */
  private String run(DebianRelease release, String image, Object... command)
      throws IOException, InterruptedException {
    return machines
        .of(release)
        .command("docker", "run", "--rm", "--network", "host", image)
        .withArguments(command)
        .run()
        .text();
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "BOOKWORM")
  void startsAnIndexImageHavingFetchedLessThanAQuarter(DebianRelease release) throws Exception {
    long before = testbed.registry().servedBytes();
    String output =
        run(
            release,
            python.reference(),
            "python3",
            "-c",
            "import numpy; print(numpy.arange(3).sum())");

    assertThat(output).isEqualTo("3");
    assertThat(docker(release, "info", "--format", "{{.Driver}}")).isEqualTo("harbour");
    assertThat(testbed.registry().servedBytes() - before)
        .isBetween(1L << 20, python.compressedBytes() / 4);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "BOOKWORM")
  void anImageWithItsIndexBesideItIsPulledWithoutItsLayers(DebianRelease release) throws Exception {
    String image = testbed.attached();
    long before = testbed.registry().servedBytes();
    docker(release, "pull", image);

    assertThat(testbed.registry().servedBytes() - before).isLessThan(SmallImage.BYTES / 10);
    assertThat(machines.of(release).harbourd().process().log())
        .containsPattern("event=attached .* image=" + image + " ");
    assertThat(run(release, image, SmallImage.SUMS.toArray()))
        .contains(SmallImage.expectedSums().lines().toList());
  }

  @Test
  void doctorFindsNothingToComplainAbout() throws Exception {
    Command.Output doctor = machines.of(DebianRelease.FORKY).doctor().attempt();

    assertThat(doctor.exit()).as(doctor.text() + doctor.errors()).isZero();
    assertThat(new ObjectMapper().readTree(doctor.bytes()).findValuesAsText("level"))
        .as(doctor.text())
        .containsOnly("good");
    assertThat(new ObjectMapper().readTree(doctor.bytes()).findValuesAsText("subject"))
        .contains("Docker");
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "BOOKWORM")
  void runsAnOrdinaryImageToo(DebianRelease release) throws Exception {
    assertThat(run(release, small.original(), SmallImage.SUMS.toArray()))
        .isEqualTo(run(release, small.reference(), SmallImage.SUMS.toArray()))
        .contains("/files/big");
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "BOOKWORM")
  void whatIsCommittedIsOneOrdinaryLayerOnTheIndexAndRunsElsewhere(DebianRelease release)
      throws Exception {
    String committed = testbed.registry().reference("committed" + release.ordinal() + ":1");
    docker(release, "pull", small.reference());
    String container =
        docker(
            release,
            "run",
            "--detach",
            "--network",
            "host",
            small.reference(),
            "sh",
            "-c",
            CHANGES);
    Await.until(
        "the container to have changed its files",
        PATIENCE,
        () -> docker(release, "exec", container, "cat", "/files/2").equals("changed"));
    assertThat(docker(release, "diff", container).lines())
        .containsExactlyInAnyOrder("C /files", "A /files/new", "D /files/1", "C /files/2");
    docker(release, "commit", container, committed);
    docker(release, "rm", "--force", container);
    docker(release, "push", committed);

    assertThat(layers(committed))
        .hasSize(2)
        .first()
        .isEqualTo(layers(small.reference()).getFirst());
    assertThat(read(committed, "cat /files/new /files/2; ls /files/1 2>&1"))
        .contains("committed\nchanged\n", "/files/1: No such file");
    String converted = convertedBringingOnlyWhatIsNew(committed);
    assertThat(
            run(release, converted, "sh", "-c", "cat /files/new /files/2; ls /files/1 2>&1 || :"))
        .startsWith("committed\nchanged\n")
        .contains("/files/1: No such file");
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "BOOKWORM")
  void whatIsBuiltIsOrdinaryLayersOnTheIndexAndRunsElsewhere(DebianRelease release)
      throws Exception {
    String built = testbed.registry().reference("built" + release.ordinal() + ":1");
    machines
        .of(release)
        .write(
            "/build/Dockerfile",
            """
            FROM %s
            RUN echo built > /files/new && rm /files/1
            COPY copied /files/copied
            CMD ["cat", "/files/new", "/files/copied", "/files/2"]
            """
                .formatted(small.reference()));
    machines.of(release).write("/build/copied", "copied\n");
    Command build =
        machines.of(release).command("docker", "build", "--network", "host", "-t", built, "/build");
    build.run();
    assertThat(build.run().errors().lines().filter(line -> line.endsWith(" CACHED"))).hasSize(2);
    docker(release, "push", built);

    assertThat(run(release, built)).startsWith("built\ncopied\n");
    assertThat(layers(built)).hasSize(3).first().isEqualTo(layers(small.reference()).getFirst());
    assertThat(read(built, "cat /files/new /files/copied; ls /files/1 2>&1"))
        .contains("built\ncopied\n", "/files/1: No such file");
    assertThat(run(release, convertedBringingOnlyWhatIsNew(built))).isEqualTo(run(release, built));
    docker(release, "builder", "prune", "--all", "--force");
    docker(release, "rmi", built);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "BOOKWORM")
  void anImageIsSavedRemovedAndLoadedAgain(DebianRelease release) throws Exception {
    docker(release, "pull", small.reference());
    docker(release, "tag", small.reference(), "saved:1");
    docker(release, "save", "--output", "/saved.tar", "saved:1");
    docker(release, "rmi", "saved:1", small.reference());
    docker(release, "load", "--input", "/saved.tar");

    assertThat(run(release, "saved:1", "ls", "/files")).contains("big");
    docker(release, "rmi", "saved:1");
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "BOOKWORM")
  void whatIsRemovedAndPrunedLeavesNoSnapshot(DebianRelease release) throws Exception {
    docker(release, "pull", python.reference());
    assertThat(docker(release, "history", python.reference())).contains("harbourctl convert");
    assertThat(docker(release, "system", "df")).contains("Images");
    docker(release, "system", "prune", "--all", "--force");

    assertThat(docker(release, "images", "--quiet")).isEmpty();
    Ctr ctr = machines.of(release).ctr("moby");
    Await.until(
        "containerd to collect the snapshots",
        PATIENCE,
        () -> ctr.snapshots(Snapshotter.HARBOUR).isEmpty());
  }

  /**
   * The name of what an image on the small one was converted to, once the summary and the registry
   * agree that its few short files are all that came with it.
   */
  private String convertedBringingOnlyWhatIsNew(String image) throws Exception {
    String converted = image + "-harbour";
    long before = testbed.registry().storedBytes();

    JsonNode summary = testbed.tree().convert(image, converted);

    assertThat(summary.path("packBytes").asLong()).as(summary.toString()).isBetween(1L, 1000L);
    // the index below, which restore needs
    assertThat(summary.path("hiddenPackBytes").asLong()).isLessThan(20_000);
    assertThat(summary.path("referencedBytes").asLong()).isGreaterThan(3 << 20);
    assertThat(testbed.registry().storedBytes() - before).isLessThan(100_000);
    assertThat(layers(converted)).hasSize(1);
    return converted;
  }

  /** The digests of the layers of an image in the registry. */
  private static List<String> layers(String image) throws IOException, InterruptedException {
    JsonNode answer =
        new ObjectMapper()
            .readTree(
                Command.of("skopeo", "inspect", "--tls-verify=false", "docker://" + image)
                    .run()
                    .bytes());
    List<String> layers = new ArrayList<>();
    answer.path("Layers").forEach(layer -> layers.add(layer.asText()));
    return layers;
  }

  /** What a shell writes in a container of an image on the node with containerd 1.6. */
  private String read(String image, String script) throws IOException, InterruptedException {
    Ctr ctr = machines.of(DebianRelease.BOOKWORM).ctr(testbed.workspace().tag());
    ctr.pull(Snapshotter.HARBOUR, image);
    return ctr.run(Snapshotter.HARBOUR, image, "sh", "-c", script + " || true").output() + "\n";
  }
}
