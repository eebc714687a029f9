package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.indexer.Digest;
import io.imageharbour.testbed.Await;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.Ctr;
import io.imageharbour.testbed.Documents;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.machine.DebianRelease;
import io.imageharbour.testbed.machine.Machine;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
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

  private static final String CHANGE = "echo committed > /files/new";

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

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "BOOKWORM")
  void runsWhatHarbourctlPulled(DebianRelease release) throws Exception {
    Machine machine = machines.of(release);
    machine.pull("moby", small.reference());
    assertThat(machine.pull("moby", testbed.attached()).at("/layers/found").asInt()).isOne();

    for (String image : List.of(small.reference(), testbed.attached())) {
      assertThat(run(release, image, SmallImage.SUMS.toArray()))
          .contains(SmallImage.expectedSums().lines().toList());
      docker(release, "rmi", image);
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "BOOKWORM")
  void anImageWithItsIndexBesideItIsSavedAndPushedOnceItsLayersAreFetched(DebianRelease release)
      throws Exception {
    String image = testbed.attached();
    String layer = PushedImage.layers(image).getFirst().replace("sha256:", "blobs/sha256/");
    String committed = testbed.registry().reference("beside-committed" + release.ordinal() + ":1");
    pullAnew(release, image);
    docker(release, "run", "--name", "changing", "--network", "host", image, "sh", "-c", CHANGE);
    docker(release, "commit", "changing", committed);
    docker(release, "rm", "changing");
    docker(release, "save", "--output", "/without.tar", image);

    assertThat(contents(release, "/without.tar")).doesNotContain(layer);
    assertThat(machines.of(release).command("docker", "push", committed).attempt())
        .satisfies(push -> assertThat(push.exit()).isNotZero())
        .satisfies(
            push -> assertThat(push.errors()).containsPattern("content digest .* not found"));
    assertThat(run(release, committed, "cat", "/files/new")).isEqualTo("committed");

    machines
        .of(release)
        .command("sh", "-euc")
        .withArguments(
            Documents.file("docker.md", "layers").replace("registry.example.com/app:5", image))
        .run();
    docker(release, "push", committed);
    docker(release, "save", "--output", "/with.tar", image);

    assertThat(contents(release, "/with.tar")).contains(layer);
    assertThat(PushedImage.layers(committed))
        .hasSize(2)
        .first()
        .isEqualTo(PushedImage.layers(image).getFirst());
    assertThat(read(committed, "cat /files/new")).isEqualTo("committed\n");
    DebianRelease other = other(release);
    forgetEverything(other);
    long before = testbed.registry().servedBytes();
    pipe(
        machines.of(release).command("cat", "/with.tar"),
        machines.of(other).command("docker", "load"));
    assertThat(run(other, image, SmallImage.SUMS.toArray()))
        .contains(SmallImage.expectedSums().lines().toList());
    assertThat(testbed.registry().servedBytes()).isEqualTo(before);
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "BOOKWORM")
  void aBuildOnAnImageWithItsIndexBesideItFetchesItsLayers(DebianRelease release) throws Exception {
    String image = testbed.attached();
    String built = testbed.registry().reference("beside-built" + release.ordinal() + ":1");
    pullAnew(release, image);
    long before = testbed.registry().servedBytes();
    build(release, built, "FROM %s\nRUN %s\n".formatted(image, CHANGE)).run();
    docker(release, "push", built);

    assertThat(testbed.registry().servedBytes() - before)
        .isGreaterThan(PushedImage.layerBytes(image));
    assertThat(PushedImage.layers(built))
        .hasSize(2)
        .first()
        .isEqualTo(PushedImage.layers(image).getFirst());
    assertThat(read(built, "cat /files/new")).isEqualTo("committed\n");
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

    assertThat(PushedImage.layers(committed))
        .hasSize(2)
        .first()
        .isEqualTo(PushedImage.layers(small.reference()).getFirst());
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
    machines.of(release).write("/build/copied", "copied\n");
    Command build =
        build(
            release,
            built,
            """
            FROM %s
            RUN echo built > /files/new && rm /files/1
            COPY copied /files/copied
            CMD ["cat", "/files/new", "/files/copied", "/files/2"]
            """
                .formatted(small.reference()));
    build.run();
    assertThat(build.run().errors().lines().filter(line -> line.endsWith(" CACHED"))).hasSize(2);
    docker(release, "push", built);

    assertThat(run(release, built)).startsWith("built\ncopied\n");
    assertThat(PushedImage.layers(built))
        .hasSize(3)
        .first()
        .isEqualTo(PushedImage.layers(small.reference()).getFirst());
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
  void whatIsSavedIsLoadedOnNodesThatNeverSawItAndIsWhole(DebianRelease release) throws Exception {
    byte[] own = new byte[3 << 20];
    new Random(release.ordinal()).nextBytes(own);
    String name = "saved" + release.ordinal();
    Path directory = testbed.workspace().directory("images/" + name);
    String image = testbed.converted(name, SmallImage.createWith(directory, own)).reference();
    String built = "on-saved" + release.ordinal() + ":1";
    docker(release, "pull", image);
    build(release, built, "FROM %s\nRUN %s\n".formatted(image, CHANGE)).run();
    List<String> sums = new ArrayList<>(SmallImage.expectedSums().lines().toList());
    sums.add(Digest.sha256(own).hex() + "  /own");
    Command save = machines.of(release).command("docker", "save", image, built);

    DebianRelease other = other(release);
    long before = testbed.registry().servedBytes();
    pipe(save, machines.of(other).command("docker", "load"));
    assertThat(run(other, built, SmallImage.SUMS.toArray())).contains(sums);
    assertThat(testbed.registry().servedBytes() - before).isGreaterThan(own.length);
    assertThat(run(other, built, "cat", "/files/new")).isEqualTo("committed");
    assertThat(run(other, image, SmallImage.SUMS.toArray())).contains(sums);

    Ctr ctr = machines.of(DebianRelease.BOOKWORM).ctr(testbed.workspace().tag());
    before = testbed.registry().servedBytes();
    pipe(save, ctr.command("images", "import", "--snapshotter", "harbour", "-"));
    String[] summing = SmallImage.SUMS.toArray(String[]::new);
    assertThat(ctr.run(Snapshotter.HARBOUR, image, summing).output().lines())
        .containsExactlyInAnyOrderElementsOf(sums);
    assertThat(testbed.registry().servedBytes() - before).isGreaterThan(own.length);
    assertThat(ctr.run(Snapshotter.HARBOUR, "docker.io/library/" + built, summing).output().lines())
        .containsAll(sums)
        .hasSize(sums.size() + 1);
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
    assertThat(PushedImage.layers(converted)).hasSize(1);
    return converted;
  }

  /** Has a Docker pull an image, of whose layers it has none. */
  private void pullAnew(DebianRelease release, String image) throws Exception {
    forgetEverything(release);
    docker(release, "pull", image);
  }

  private void forgetEverything(DebianRelease release) throws Exception {
    docker(release, "system", "prune", "--all", "--force");
    Command blobs = machines.of(release).ctr("moby").command("content", "list", "--quiet");
    Await.until("containerd to collect the blobs", PATIENCE, () -> blobs.run().text().isEmpty());
  }

  /** The command that builds an image. */
  private Command build(DebianRelease release, String image, String dockerfile)
      throws IOException, InterruptedException {
    machines.of(release).write("/build/Dockerfile", dockerfile);
    return machines
        .of(release)
        .command("docker", "build", "--network", "host", "--tag", image, "/build");
  }

  private Stream<String> contents(DebianRelease release, String archive)
      throws IOException, InterruptedException {
    return machines.of(release).command("tar", "--list", "--file", archive).run().text().lines();
  }

  /** Runs two commands whose arguments a shell takes as they are. */
  private static void pipe(Command from, Command to) throws IOException, InterruptedException {
    Command.of("bash", "-c", "set -o pipefail; " + from + " | " + to).run();
  }

  /** The other release that has Docker. */
  private static DebianRelease other(DebianRelease release) {
    return release == DebianRelease.FORKY ? DebianRelease.TRIXIE : DebianRelease.FORKY;
  }

  /** What a shell writes in a container of an image on the node with containerd 1.6. */
  private String read(String image, String script) throws IOException, InterruptedException {
    Ctr ctr = machines.of(DebianRelease.BOOKWORM).ctr(testbed.workspace().tag());
    ctr.pull(Snapshotter.HARBOUR, image);
    return ctr.run(Snapshotter.HARBOUR, image, "sh", "-c", script + " || true").output() + "\n";
  }
}
