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
import io.imageharbour.testbed.machine.GoPrograms;
import io.imageharbour.testbed.machine.Machine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What the kubelet does, through the Container Runtime Interface of containerd 1.6, 1.7 and 2.1,
 * each configured as docs/kubernetes.md says.
 */
@ExtendWith(TestbedExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class KubernetesIT {

  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * containerd looks at the snapshots every ten seconds, and collects garbage soon after a removal.
   */
  private static final Duration COLLECTION = Duration.ofSeconds(40);

  private static final String NAMESPACE = "k8s.io";

  private Machines machines;
  private Path cri = Path.of("");
  private SharedTestbed testbed;
  private SharedTestbed.Converted python;

  /** The part of a kubelet that talks to a runtime. */
  private record Kubelet(Machine machine, Path cri, String pod) {

    JsonNode call(String method, String request) throws IOException, InterruptedException {
      return JSON.readTree(
          Command.of(cri, machine.containerdSocket(), method, request).run().bytes());
    }

    Ctr ctr() {
      return machine.ctr(NAMESPACE);
    }

    void pull(String image) throws IOException, InterruptedException {
      call("PullImage", "{\"image\": {\"image\": \"%s\"}}".formatted(image));
    }

    void removeImage(String image) throws IOException, InterruptedException {
      call("RemoveImage", "{\"image\": {\"image\": \"%s\"}}".formatted(image));
    }

    /** Starts a pod in this machine's network; answers its id. */
    String runPod() throws IOException, InterruptedException {
      return call("RunPodSandbox", "{\"config\": %s}".formatted(pod))
          .path("pod_sandbox_id")
          .asText();
    }

    void removePod(String id) throws IOException, InterruptedException {
      call("StopPodSandbox", "{\"pod_sandbox_id\": \"%s\"}".formatted(id));
      call("RemovePodSandbox", "{\"pod_sandbox_id\": \"%s\"}".formatted(id));
    }

    /** Starts a container that sleeps; answers its id. */
    String startContainer(String podId, String image) throws IOException, InterruptedException {
      String container =
          call(
                  "CreateContainer",
                  """
                  {"pod_sandbox_id": "%s", "sandbox_config": %s,
                   "config": {"metadata": {"name": "c"}, "image": {"image": "%s"},
                              "command": ["sleep", "100000"], "linux": {}}}
                  """
                      .formatted(podId, pod, image))
              .path("container_id")
              .asText();
      call("StartContainer", "{\"container_id\": \"%s\"}".formatted(container));
      return container;
    }

    /** Starts a command in a container. */
    CommandStreams stream(String container, String... command)
        throws IOException, InterruptedException {
      JsonNode answer =
          call(
              "Exec",
              """
              {"container_id": "%s", "cmd": %s, "stdin": true, "stdout": true, "stderr": true}
              """
                  .formatted(container, JSON.writeValueAsString(command)));
      return CommandStreams.open(answer.path("url").asText());
    }

    /** What a command in a container writes. */
    String exec(String container, String... command) throws IOException, InterruptedException {
      JsonNode answer =
          call(
              "ExecSync",
              "{\"container_id\": \"%s\", \"timeout\": 60, \"cmd\": %s}"
                  .formatted(container, JSON.writeValueAsString(command)));
      assertThat(answer.path("exit_code").asInt()).as(answer.toString()).isZero();
      byte[] output = Base64.getDecoder().decode(answer.path("stdout").asText());
      return new String(output, StandardCharsets.UTF_8).strip();
    }
  }

  @BeforeAll
  void startMachines(SharedTestbed shared) throws Exception {
    testbed = shared;
    python = testbed.python();
    cri = new GoPrograms(System.out::println).cri();
    String pause =
        testbed
            .registry()
            .add(
                SmallImage.create(
                    testbed.workspace().directory("images/pause"),
                    List.of("sleep", "100000"),
                    "pause"),
                "pause",
                "1");
    machines =
        Machines.start(
            testbed,
            "k",
            (release, machine) -> {
              machine.startContainerd(configuration(release));
              Kubelet kubelet = kubelet(release, machine);
              kubelet.pull(pause);
              kubelet.ctr().command("images", "tag", pause, pauseImage(machine)).run();
            });
  }

  @AfterAll
  void stopMachines() throws Exception {
    machines.close();
  }

  private Kubelet kubelet(DebianRelease release) {
    return kubelet(release, machines.of(release));
  }

  private Kubelet kubelet(DebianRelease release, Machine machine) {
    String pod =
        """
        {"metadata": {"name": "p", "uid": "%1$s", "namespace": "default"},
         "linux": {"cgroup_parent": "/%1$s", "security_context": {"namespace_options": {"network": 2}}}}
        """
            .formatted(testbed.workspace().tag() + "k" + release.ordinal());
    return new Kubelet(machine, cri, pod);
  }

  /**
   * What the page says, and that containers can do without a lower OOM score than this process has:
   * it takes CAP_SYS_RESOURCE, which machines that run tests don't always have. Where a table for
   * it is not in use yet, snapshots are looked at each second, not every ten.
   */
  private static String configuration(DebianRelease release) throws IOException {
    boolean isNew = release == DebianRelease.FORKY;
    return Documents.file("containerd.md", isNew ? "containerd-2" : "containerd-1")
        + "\n"
        + Documents.file("kubernetes.md", isNew ? "kubernetes-2" : "kubernetes-1")
        + (isNew
            ? """

            [plugins."io.containerd.cri.v1.runtime"]
              restrict_oom_score_adj = true
            """
            : """

            [plugins."io.containerd.grpc.v1.cri"]
              restrict_oom_score_adj = true
              stats_collect_period = 1
            """);
  }

  /** What pods are made of if nothing else is configured. */
  private static String pauseImage(Machine machine) throws IOException, InterruptedException {
    String configuration = machine.command("containerd", "config", "default").run().text();
    return configuration
        .lines()
        .filter(line -> line.matches(" *(sandbox|sandbox_image) = .*pause.*"))
        .map(line -> line.replaceAll(".*= *[\"'](.*)[\"']", "$1"))
        .findFirst()
        .orElseThrow();
  }

  @ParameterizedTest
  @EnumSource
  void aPodRunsAnIndexImageAndGoesAgainWithEverything(DebianRelease release) throws Exception {
    Kubelet kubelet = kubelet(release);
    long before = testbed.registry().servedBytes();
    kubelet.pull(python.reference());
    assertThat(kubelet.ctr().snapshots(Snapshotter.HARBOUR))
        .contains(kubelet.ctr().chainId(python.reference()));
    String pod = kubelet.runPod();
    String container = kubelet.startContainer(pod, python.reference());

    assertThat(
            kubelet.exec(container, "python3", "-c", "import numpy; print(numpy.arange(3).sum())"))
        .isEqualTo("3");
    assertThat(testbed.registry().servedBytes() - before)
        .isBetween(1L << 20, python.compressedBytes() / 4);

    kubelet.exec(container, "dd", "if=/dev/zero", "of=/written", "bs=1M", "count=3");
    assertSpaceIsAccountedFor(kubelet, release, container);

    kubelet.removePod(pod);
    String snapshot = kubelet.ctr().chainId(python.reference());
    kubelet.removeImage(python.reference());
    Await.until(
        "containerd to collect the snapshots",
        COLLECTION,
        () -> !kubelet.ctr().snapshots(Snapshotter.HARBOUR).contains(snapshot));
    assertThat(kubelet.ctr().snapshots(Snapshotter.HARBOUR)).doesNotContain(container);
  }

  /** What the kubelet decides by when it evicts pods and collects images. */
  private static void assertSpaceIsAccountedFor(
      Kubelet kubelet, DebianRelease release, String container) throws Exception {
    Await.until(
        "containerd to count what the container wrote",
        COLLECTION,
        () ->
            kubelet
                    .call("ContainerStats", "{\"container_id\": \"%s\"}".formatted(container))
                    .at("/stats/writable_layer/used_bytes/value")
                    .asLong()
                >= 3 << 20);
    JsonNode listed =
        kubelet
            .call("ListContainerStats", "{\"filter\": {\"id\": \"%s\"}}".formatted(container))
            .path("stats");
    assertThat(listed).as(listed.toString()).hasSize(1);
    assertThat(listed.at("/0/cpu/usage_core_nano_seconds/value").asLong()).isPositive();
    assertThat(listed.at("/0/memory/working_set_bytes/value").asLong()).isPositive();
    JsonNode images = kubelet.call("ImageFsInfo", "{}").at("/image_filesystems/0");
    assertThat(images.at("/used_bytes/value").asLong()).isGreaterThan(3 << 20);
    if (release != DebianRelease.BOOKWORM) {
      String path = images.at("/fs_id/mountpoint").asText();
      assertThat(path).isEqualTo("/var/lib/harbour");
      assertThat(kubelet.machine().command("ls", path).run().text()).contains("cas");
    }
  }

  @ParameterizedTest
  @EnumSource
  void aCommandIsTalkedToWhileItRunsAndItsEndIsTold(DebianRelease release) throws Exception {
    Kubelet kubelet = kubelet(release);
    kubelet.pull(testbed.small().reference());
    String pod = kubelet.runPod();
    String container = kubelet.startContainer(pod, testbed.small().reference());
    String expected = SmallImage.expectedSums().lines().findFirst().orElseThrow();

    try (CommandStreams shell = kubelet.stream(container, "sh")) {
      shell.writeLine("sha256sum " + expected.substring(expected.indexOf('/')));
      shell.awaitOutput(expected);
      shell.writeLine("cat /nowhere");
      shell.awaitErrors("'/nowhere': No such file");
      shell.writeLine("exit 3");
      JsonNode status = shell.status();
      assertThat(status.path("reason").asText()).as(status.toString()).isEqualTo("NonZeroExitCode");
      assertThat(status.at("/details/causes/0/message").asText()).isEqualTo("3");
    }
    kubelet.removePod(pod);
  }

  @ParameterizedTest
  @EnumSource
  void anImageThatIsRemovedWhileItsContainerRunsIsThereToTheContainersEnd(DebianRelease release)
      throws Exception {
    Kubelet kubelet = kubelet(release);
    String small = testbed.small().reference();
    kubelet.pull(small);
    String snapshot = kubelet.ctr().chainId(small);
    String pod = kubelet.runPod();
    String container = kubelet.startContainer(pod, small);
    kubelet.removeImage(small);

    assertThat(kubelet.call("ListImages", "{}").toString()).doesNotContain(small);
    assertThat(kubelet.exec(container, SmallImage.SUMS.toArray(String[]::new)))
        .contains(SmallImage.expectedSums().lines().toList());
    kubelet.removePod(pod);
    Await.until(
        "containerd to collect the snapshots",
        COLLECTION,
        () -> !kubelet.ctr().snapshots(Snapshotter.HARBOUR).contains(snapshot));
  }

  @ParameterizedTest
  @EnumSource
  void anImageWithItsIndexBesideItIsPulledWithoutItsLayers(DebianRelease release) throws Exception {
    Kubelet kubelet = kubelet(release);
    String image = testbed.attached();
    long before = testbed.registry().servedBytes();
    kubelet.pull(image);
    assertThat(testbed.registry().servedBytes() - before).isLessThan(SmallImage.BYTES / 10);
    assertThat(kubelet.machine().harbourd().process().log())
        .containsPattern("event=attached .* image=" + image + " ");
    String pod = kubelet.runPod();
    String container = kubelet.startContainer(pod, image);

    assertThat(kubelet.exec(container, SmallImage.SUMS.toArray(String[]::new)))
        .contains(SmallImage.expectedSums().lines().toList());
    kubelet.removePod(pod);
  }

  @ParameterizedTest
  @EnumSource
  void harbourdIsToldTheNameOfTheImage(DebianRelease release) throws Exception {
    Kubelet kubelet = kubelet(release);
    String small = testbed.small().reference();
    kubelet.pull(small);

    assertThat(
            kubelet
                .ctr()
                .command("snapshots", "--snapshotter", "harbour", "info")
                .withArguments(kubelet.ctr().chainId(small))
                .run()
                .text())
        .contains("\"containerd.io/snapshot/cri.image-ref\": \"" + small + "\"");
  }

  @ParameterizedTest
  @EnumSource
  void doctorFindsNothingToComplainAbout(DebianRelease release) throws Exception {
    Command.Output doctor = machines.of(release).doctor().attempt();

    assertThat(doctor.exit()).as(doctor.text() + doctor.errors()).isZero();
    assertThat(JSON.readTree(doctor.bytes()).findValuesAsText("level"))
        .as(doctor.text())
        .containsOnly("good");
    assertThat(doctor.text()).contains("uses the snapshotter harbour");
  }
}
