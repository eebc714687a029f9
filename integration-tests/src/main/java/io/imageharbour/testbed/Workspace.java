package io.imageharbour.testbed;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.HarbourException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A directory that holds everything a testbed makes, so that all of it can be found and removed
 * again, by this process or, if that was killed, by the next one.
 *
 * <p>Nothing has to be written down for that, the system knows it all: the processes are those that
 * carry the variable {@value #VARIABLE} with this directory (and their descendants), the mounts are
 * those below it, the loop devices those backed by a file in it, and the network namespaces, links
 * and control groups those whose name begins with {@link #tag()}, which follows from the path.
 */
public final class Workspace implements AutoCloseable {

  /** The environment variable that marks the processes of a workspace. */
  public static final String VARIABLE = "HARBOUR_WORKSPACE";

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Path directory;
  private final String tag;

  private Workspace(Path directory) {
    this.directory = directory;
    this.tag =
        "hb"
            + Digest.sha256(directory.toString().getBytes(StandardCharsets.UTF_8))
                .hex()
                .substring(0, 6);
  }

  /** Makes the directory, empty: what a former run left there is removed first. */
  public static Workspace create(Path directory) throws IOException, InterruptedException {
    remove(directory);
    Workspace workspace = at(directory);
    Files.createDirectories(workspace.directory);
    return workspace;
  }

  /** The workspace that lies in a directory, left as it is. */
  public static Workspace at(Path directory) {
    return new Workspace(directory.toAbsolutePath().normalize());
  }

  /** Ends and removes everything that belongs to the workspace, the directory included. */
  public static void remove(Path directory) throws IOException, InterruptedException {
    at(directory).close();
  }

  public Path directory() {
    return directory;
  }

  /** A directory in the workspace, made if it is not there. */
  public Path directory(String name) throws IOException {
    return Files.createDirectories(directory.resolve(name));
  }

  /** Takes away a directory whose processes have ended, with what they left mounted there. */
  public void removeDirectory(String name) throws IOException, InterruptedException {
    Path part = directory.resolve(name);
    Mountpoints.unmountBelow(part);
    LoopDevices.detachBelow(part);
    Command.of("rm", "-rf", "--one-file-system", part).run();
  }

  /** Eight letters and digits that belong to this workspace alone; names of links may have 15. */
  public String tag() {
    return tag;
  }

  /** Its processes that live, the descendants too, in no particular order. */
  public List<ProcessHandle> processes() {
    String mark = VARIABLE + "=" + directory;
    return ProcessHandle.allProcesses()
        .filter(process -> isMarked(process.pid(), mark))
        .<ProcessHandle>mapMulti(
            (process, sink) -> {
              sink.accept(process);
              process.descendants().forEach(sink);
            })
        .distinct()
        .filter(process -> process.pid() != ProcessHandle.current().pid())
        .toList();
  }

  /** The mount points below the directory, the latest first. */
  public List<Path> mounts() throws IOException {
    return Mountpoints.below(directory);
  }

  @Override
  public void close() throws IOException, InterruptedException {
    Await.until(
        "the processes of " + directory + " to end",
        PATIENCE,
        () -> {
          List<ProcessHandle> alive = processes();
          alive.forEach(ProcessHandle::destroyForcibly);
          return alive.isEmpty();
        });
    Mountpoints.unmountBelow(directory);
    LoopDevices.detachBelow(directory);
    NetworkNamespace.removeAll(tag);
    Cgroups.removeAll(tag);
    deleteTree();
  }

  private void deleteTree() throws IOException, InterruptedException {
    if (!Files.exists(directory)) {
      return;
    }
    if (!mounts().isEmpty()) {
      throw new HarbourException(
          "cannot remove %s: %s is still mounted".formatted(directory, mounts().getFirst()));
    }
    Command.of("rm", "-rf", "--one-file-system", directory).run();
  }

  private static boolean isMarked(long pid, String mark) {
    try {
      byte[] environment = Files.readAllBytes(Path.of("/proc", Long.toString(pid), "environ"));
      return List.of(new String(environment, StandardCharsets.UTF_8).split("\0", -1))
          .contains(mark);
    } catch (IOException gone) {
      // It ended while we looked.
      return false;
    }
  }
}
