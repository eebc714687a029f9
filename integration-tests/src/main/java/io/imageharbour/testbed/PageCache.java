package io.imageharbour.testbed;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The kernel's caches of file contents, directory entries and inodes. */
public final class PageCache {

  private PageCache() {}

  /** Writes back what is dirty and drops everything that is clean, for the whole machine. */
  public static void drop() throws IOException, InterruptedException {
    Command.of("sync").run();
    Files.writeString(Path.of("/proc/sys/vm/drop_caches"), "3");
  }
}
