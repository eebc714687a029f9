package io.imageharbour.testbed;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

/**
 * A start with nothing there yet: the kernel's caches dropped, the image not pulled.
 *
 * @param pull how long the client's pull took
 * @param firstOutput from the beginning of the pull until the container wrote something
 * @param bytes of the bodies that the registry sent meanwhile
 */
public record ColdStart(Duration pull, Duration firstOutput, long bytes) {

  /** What is started: an image and, unless its own shall run, a command. */
  public record Subject(String image, List<String> command) {}

  /** Pulls and runs on a containerd that has never seen the image. */
  public static ColdStart measure(
      Ctr ctr, Snapshotter snapshotter, RegistryServer registry, Subject subject)
      throws IOException, InterruptedException {
    PageCache.drop();
    long bytesBefore = registry.servedBytes();
    long start = System.nanoTime();
    ctr.pull(snapshotter, subject.image);
    Duration pull = Duration.ofNanos(System.nanoTime() - start);
    Duration run = ctr.untilFirstOutput(snapshotter, subject.image, List.of(), subject.command);
    return new ColdStart(pull, pull.plus(run), registry.servedBytes() - bytesBefore);
  }
}
