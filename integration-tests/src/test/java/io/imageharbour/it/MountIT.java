package io.imageharbour.it;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.testbed.Await;
import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.HarbourTree;
import io.imageharbour.testbed.Mountpoints;
import io.imageharbour.testbed.Node;
import io.imageharbour.testbed.Snapshotter;
import io.imageharbour.testbed.TreeDiff;
import io.imageharbour.testbed.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** {@code harbourctl mount}, mostly by a user who is not root. */
@ExtendWith(TestbedExtension.class)
final class MountIT {

  /** nobody, and nobody's group. */
  private static final String USER = "65534";

  private static final String TYPE = "fuse.harbour-tree";
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private SharedTestbed testbed;
  private SharedTestbed.Converted python;
  private HarbourTree tree;
  private Path home;
  private Path target;

  @BeforeEach
  void makeHome(SharedTestbed shared) throws Exception {
    testbed = shared;
    python = testbed.python();
    home = testbed.workspace().directory("user");
    target = Files.createDirectories(home.resolve("m"));
    Command.of("chown", "-R", USER + ":" + USER, home).run();
    // the checkout may lie where only root gets
    Path programs = testbed.workspace().directory("user-tree");
    if (Mountpoints.at(programs).isEmpty()) {
      Command.of("mount", "--bind", testbed.tree().directory(), programs).run();
    }
    tree = new HarbourTree(programs);
  }

  @AfterEach
  void removeHome() throws Exception {
    for (ProcessHandle process : servers()) {
      process.destroyForcibly();
      process.onExit().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }
    testbed.workspace().removeDirectory("user");
  }

  @Test
  void anOrdinaryUserReadsWhatIsLookedForAndNothingIsLeftAfterTheUnmount() throws Exception {
    long before = testbed.registry().servedBytes();
    String said = mount(target).run().text();
    assertThat(said).contains(" is mounted on " + target, "fusermount -u " + target);
    assertThat(Mountpoints.at(target).orElseThrow().type()).isEqualTo(TYPE);
    assertThat(servers()).hasSize(1);
    long index = testbed.registry().servedBytes() - before;

    assertThat(asUser("find", target).run().text().lines().count()).isGreaterThan(10_000);
    assertThat(testbed.registry().servedBytes() - before).isEqualTo(index);
    assertThat(asUser("cat", target.resolve("etc/debian_version")).run().text()).startsWith("12.");
    assertThat(testbed.registry().servedBytes() - before)
        .isBetween(index + 1, index + python.compressedBytes() / 50);

    // owners are those of the image, and the user reads what is theirs only
    assertThat(asUser("stat", "-c", "%u %a", target.resolve("etc/shadow")).run().text())
        .isEqualTo("0 640");
    assertThat(asUser("grep", "-c", "^root:", target.resolve("etc/shadow")).run().text())
        .isEqualTo("1");
    assertThat(asUser("touch", target.resolve("new")).attempt().errors())
        .contains("Read-only file system");
    assertThat(Command.of("ls", target).attempt().errors()).contains("Permission denied");

    asUser("fusermount", "-u", target).run();
    assertNothingServesAndNothingIsMounted();
    assertThat(home.resolve(".cache/harbour/mount/0/ingest")).isEmptyDirectory();
  }

  @Test
  void whatOneMountHasFetchedTheNextOneHasAndTwoAtOnceDoNotMind() throws Exception {
    Path second = Files.createDirectory(home.resolve("m2"));
    Command.of("chown", USER, second).run();
    mount(target).run();
    mount(second).run();
    assertThat(servers()).hasSize(2);
    List<Process> readers = new ArrayList<>();
    for (Path mounted : List.of(target, second, target, second)) {
      readers.add(asUser("sha256sum", mounted.resolve("usr/bin/python3.11")).start());
    }
    List<String> sums = new ArrayList<>();
    for (Process reader : readers) {
      sums.add(new String(reader.getInputStream().readAllBytes(), US_ASCII).split(" ")[0]);
    }
    assertThat(sums).allMatch(sum -> sum.length() == 64 && sum.equals(sums.getFirst()));
    for (Path mounted : List.of(target, second)) {
      asUser("fusermount", "-u", mounted).run();
    }
    assertNothingServesAndNothingIsMounted();

    mount(target).run();
    long before = testbed.registry().servedBytes();
    assertThat(asUser("sha256sum", target.resolve("usr/bin/python3.11")).run().text())
        .startsWith(sums.getFirst());
    assertThat(testbed.registry().servedBytes()).isEqualTo(before);
  }

  @Test
  void afterAKillTheSameCommandMountsItAgain() throws Exception {
    mount(target).run();
    servers().getFirst().destroyForcibly();
    Await.until("the process to be gone", LIMIT, () -> servers().isEmpty());
    Await.until(
        "the kernel to say that nobody serves it",
        LIMIT,
        () ->
            asUser("ls", target)
                .attempt()
                .errors()
                .contains("Transport endpoint is not connected"));

    mount(target).run();
    assertThat(asUser("cat", target.resolve("etc/debian_version")).run().text()).startsWith("12.");
    assertRefused(mount(target), 7, "is mounted there already");
    // root may not look into it, and must not take it away for that
    Command byRoot =
        tree.harbourctl("mount", "--plain-http", "--cache", home.resolve("root"))
            .withArguments(python.reference(), target);
    assertRefused(byRoot, 7, "is mounted there already");
    assertThat(servers()).hasSize(1);

    servers().getFirst().destroy();
    assertNothingServesAndNothingIsMounted();
  }

  @Test
  void inTheForegroundItServesUntilItIsInterruptedOrUnmounted() throws Exception {
    for (boolean interrupted : new boolean[] {true, false}) {
      Process process = mount(target, "--foreground").start();
      try {
        Await.until("the mount", LIMIT, () -> Mountpoints.at(target).isPresent());
        assertThat(process.isAlive()).isTrue();
        if (interrupted) {
          servers().forEach(ProcessHandle::destroy);
        } else {
          asUser("fusermount", "-u", target).run();
        }
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(interrupted ? 143 : 0);
        assertNothingServesAndNothingIsMounted();
      } finally {
        process.destroyForcibly();
      }
    }
  }

  @Test
  void whatCannotBeMountedIsSaidWithWhatToDo() throws Exception {
    assertRefused(
        mount(home.resolve("missing")), 7, "missing: no such directory; make it with mkdir");
    Path file = Files.createFile(home.resolve("file"));
    assertRefused(mount(file), 7, "file: not a directory");
    assertRefused(mount(home), 7, "is not empty");
    Path foreign = Files.createDirectory(home.resolve("foreign"));
    assertRefused(mount(foreign), 7, "may not write to the directory");
    assertRefused(mount(target, "--cache", "/proc"), 7, "name another directory with --cache");
    assertRefused(mount(target, "--platform", "linux/s390x"), 5, "linux/s390x");
    Command ordinary =
        asUser(tree.program("harbourctl"), "mount", "--plain-http")
            .withArguments(python.original(), target);
    assertRefused(ordinary, 5, "convert it with harbourctl convert");
    assertNothingServesAndNothingIsMounted();
  }

  @Test
  void aDiskWithoutRoomIsRefusedAndOneThatFillsUpFailsTheReadsThatNeedRoom() throws Exception {
    Path file = testbed.workspace().directory("m").resolve("small-disk");
    Path disk = testbed.workspace().directory("m/small");
    Command.of("truncate", "--size", "80M", file).run();
    Command.of("mkfs.ext4", "-q", "-m", "0", file).run();
    Command.of("mount", "-o", "loop", file, disk).run();
    try {
      Path cache = Files.createDirectory(disk.resolve("cache"));
      Command.of("chown", USER, cache).run();
      Path filler = disk.resolve("filler");
      Command fill = Command.of("dd", "if=/dev/zero", "of=" + filler, "bs=64k");
      assertThat(fill.attempt().errors()).contains("No space left on device");
      assertRefused(mount(target, "--cache", cache), 7, "cache: the cache can't keep files there");
      assertRefused(mount(target, "--cache", cache), 7, "name another directory with --cache");
      assertNothingServesAndNothingIsMounted();

      Files.delete(filler);
      mount(target, "--cache", cache).run();
      asUser("cat", target.resolve("etc/debian_version")).run();
      assertThat(fill.attempt().errors()).contains("No space left on device");
      Command python = asUser("sha256sum", target.resolve("usr/bin/python3.11"));
      assertThat(python.attempt().errors()).contains("Input/output error");
      assertThat(asUser("cat", target.resolve("etc/debian_version")).run().text())
          .startsWith("12.");
      Await.until(
          "the log",
          LIMIT,
          () ->
              Files.readString(cache.resolve("0/log"))
                  .matches(
                      "(?s).*event=read-failed image=\\S+ path=/usr/bin/python3.11 digest=sha256:\\S+ repeated=0 cause=\"[^\\n]*No space left on device.*"));

      Files.delete(filler);
      // fetches that had begun before may still fail, and whoever joins them
      Await.until("files to be fetched again", LIMIT, () -> python.attempt().exit() == 0);
      asUser("fusermount", "-u", target).run();
      assertNothingServesAndNothingIsMounted();
    } finally {
      servers().forEach(ProcessHandle::destroyForcibly);
      Command.of("umount", "--lazy", disk).run();
    }
  }

  @Test
  void rootSeesTheTreeThatOverlayfsUnpacksAlsoWhereItIsOdd() throws Exception {
    SharedTestbed.Converted odd = testbed.odd();
    Path overlayfs = testbed.workspace().directory("m/mount-overlayfs");
    try (Node node = testbed.node("m")) {
      node.ctr().pull(Snapshotter.OVERLAYFS, odd.original());
      node.ctr().mountImage(Snapshotter.OVERLAYFS, odd.original(), overlayfs);
      tree.harbourctl("mount", "--plain-http", "--cache", home.resolve("root"))
          .withArguments(odd.reference(), target)
          .withEnvironment(Workspace.VARIABLE, testbed.workspace().directory().toString())
          .run();
      SideBySide.assertSame(TreeDiff.compare(overlayfs, target), 3000, Set.of("/"));
      Command.of("umount", target).run();
      assertNothingServesAndNothingIsMounted();
      node.ctr().unmountImage(Snapshotter.OVERLAYFS, overlayfs);
    } finally {
      Node.remove(testbed.workspace(), "m");
    }
  }

  private Command mount(Path on, Object... options) {
    return asUser(tree.program("harbourctl"), "mount", "--plain-http")
        .withArguments(options)
        .withArguments(python.reference(), on);
  }

  private Command asUser(Object... command) {
    return Command.of("setpriv", "--reuid", USER, "--regid", USER, "--clear-groups")
        .withArguments("env", "HOME=" + home, "XDG_CACHE_HOME=")
        .withArguments(command)
        .withEnvironment(Workspace.VARIABLE, testbed.workspace().directory().toString());
  }

  /** The processes that serve mounts of this test. */
  private List<ProcessHandle> servers() {
    return testbed.workspace().processes().stream()
        .filter(process -> arguments(process).anyMatch(word -> word.startsWith(home.toString())))
        .filter(process -> arguments(process).anyMatch(word -> word.endsWith(".HarbourCtl")))
        .toList();
  }

  /** Java's own way tells nothing of commands that are longer than a page. */
  private static Stream<String> arguments(ProcessHandle process) {
    try {
      return Stream.of(
          Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"), ISO_8859_1).split("\0"));
    } catch (IOException e) {
      return Stream.of(); // it has ended
    }
  }

  private void assertNothingServesAndNothingIsMounted() throws IOException, InterruptedException {
    Await.until("the processes to end", LIMIT, () -> servers().isEmpty());
    assertThat(testbed.workspace().mounts()).noneMatch(mounted -> mounted.startsWith(home));
  }

  private static void assertRefused(Command command, int exit, String why) throws Exception {
    Command.Output output = command.attempt();
    assertThat(output.errors()).contains(why);
    assertThat(output.exit()).isEqualTo(exit);
    assertThat(output.text()).isEmpty();
  }
}
