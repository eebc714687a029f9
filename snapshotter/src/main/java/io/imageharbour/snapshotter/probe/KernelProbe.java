package io.imageharbour.snapshotter.probe;

import io.imageharbour.fusefs.ContentStore;
import io.imageharbour.fusefs.ContentStoreConfig;
import io.imageharbour.fusefs.linux.Mounts;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.erofs.ErofsImage;
import io.imageharbour.snapshotter.mounts.ErofsBacking;
import io.imageharbour.snapshotter.mounts.IndexMounting;
import io.imageharbour.snapshotter.mounts.SnapshotDirectories;
import io.imageharbour.snapshotter.mounts.TreeMounts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Finds out what this machine can do by running a tiny image the way every image runs: an EROFS
 * image, an overlay with data-only layers on it, a content store with a content mount, and a read
 * that fetches. Needs root. It leaves nothing behind, and as it uses a directory of its own, a
 * daemon may run beside it.
 */
public final class KernelProbe {

  private static final List<List<String>> OVERLAY_OPTIONS =
      List.of(List.of(), List.of("metacopy=on"));

  private final Path scratch;
  private final List<Finding> findings = new ArrayList<>();
  private final List<String> refusals = new ArrayList<>();

  private KernelProbe(Path scratch) {
    this.scratch = scratch;
  }

  /**
   * Looks at everything.
   *
   * @param root the root directory of the daemon, which must exist: what can be mounted depends on
   *     its file system
   * @throws IOException if the directory can't be written to; what the kernel refuses is a finding
   */
  public static KernelReport run(Path root) throws IOException {
    Path scratch = Files.createTempDirectory(root, "probe-");
    try {
      return new KernelProbe(scratch).run();
    } finally {
      SnapshotDirectories.delete(scratch);
    }
  }

  private KernelReport run() throws IOException {
    KernelVersion kernel = KernelVersion.running();
    kernel(kernel);
    findings.add(FileSystems.of(scratch));
    List<String> overlayOptions = overlayOptions();
    ProbeImage image = new ProbeImage();
    Optional<IndexMounting> mounting = Optional.empty();
    try (ContentStore store =
        ContentStore.open(
            ContentStoreConfig.of(scratch), List.of(image), digest -> "image=probe")) {
      findings.add(Finding.good("content mount", "works"));
      passthrough(store.stats().passthrough());
      mounting = mounting(image, store, overlayOptions);
    } catch (IOException e) {
      findings.add(
          Finding.failure(
              "content mount",
              String.valueOf(e.getMessage()),
              "make sure that /dev/fuse is there (modprobe fuse) and that this runs as root"));
    }
    return new KernelReport(findings, mounting, overlayOptions);
  }

  private void kernel(KernelVersion kernel) {
    if (kernel.compareTo(KernelVersion.of(6, 5)) < 0) {
      findings.add(
          Finding.failure(
              "kernel",
              kernel + ": overlayfs has data-only layers from 6.5",
              "boot a kernel of 6.5 or newer, best 6.12"));
    } else if (kernel.compareTo(KernelVersion.of(6, 9)) < 0) {
      findings.add(
          Finding.warning(
              "kernel",
              kernel + ": FUSE passthrough came with 6.9",
              "boot a kernel of 6.9 or newer, best 6.12"));
    } else {
      findings.add(Finding.good("kernel", kernel.toString()));
    }
  }

  private void passthrough(boolean possible) {
    findings.add(
        possible
            ? Finding.good("FUSE passthrough", "works")
            : Finding.warning(
                "FUSE passthrough",
                "not there: the first reads of a file go through harbourd",
                "boot a kernel of 6.9 or newer that was built with CONFIG_FUSE_PASSTHROUGH"));
  }

  /** The options that containerd's own overlayfs snapshotter would use. */
  private List<String> overlayOptions() throws IOException {
    List<String> options = new ArrayList<>();
    if (Files.exists(Path.of("/sys/module/overlay/parameters/index"))) {
      options.add("index=off");
    }
    if (inUserNamespace()) {
      options.add("userxattr");
      findings.add(
          Finding.failure(
              "user namespace",
              "harbourd runs in one, where the kernel mounts no EROFS",
              "run harbourd as root of the host"));
    }
    return options;
  }

  private static boolean inUserNamespace() throws IOException {
    // outside of user namespaces the one line maps all user ids to themselves
    String map = Files.readString(Path.of("/proc/self/uid_map")).strip();
    return !Arrays.asList(map.split("\\s+")).equals(List.of("0", "0", "4294967295"));
  }

  private Optional<IndexMounting> mounting(
      ProbeImage image, ContentStore store, List<String> overlayOptions) throws IOException {
    ImageIndex index = image.index();
    store.add(ProbeImage.FILE, index, List.of());
    Path erofs = scratch.resolve("index.erofs");
    ErofsImage.write(index, erofs);
    for (ErofsBacking backing : ErofsBacking.values()) {
      for (List<String> candidate : OVERLAY_OPTIONS) {
        List<String> options = new ArrayList<>(overlayOptions);
        options.addAll(candidate);
        if (works(image, store, erofs, backing, options)) {
          describe(backing, candidate);
          return Optional.of(new IndexMounting(backing, candidate));
        }
      }
    }
    findings.add(
        Finding.failure(
            "EROFS with data-only layers",
            String.join("; ", refusals),
            "boot a kernel of 6.5 or newer, best 6.12, with erofs and overlay (modprobe erofs overlay)"));
    return Optional.empty();
  }

  private void describe(ErofsBacking backing, List<String> options) {
    findings.add(
        switch (backing) {
          case FILE -> Finding.good("EROFS", "mounts files");
          case LOOP ->
              Finding.good(
                  "EROFS", "mounts loop devices, as files are refused: " + refusals.getFirst());
        });
    findings.add(
        Finding.good(
            "data-only layers",
            options.isEmpty() ? "work" : "work with " + String.join(",", options)));
  }

  private boolean works(
      ProbeImage image,
      ContentStore store,
      Path erofs,
      ErofsBacking backing,
      List<String> options) {
    Path tree = scratch.resolve("m");
    Path merged = scratch.resolve("merged");
    try {
      try {
        TreeMounts.mount(erofs, tree, backing);
        Files.createDirectories(merged);
        List<String> all = new ArrayList<>(options);
        all.add("workdir=" + Files.createDirectories(scratch.resolve("work")));
        all.add("upperdir=" + Files.createDirectories(scratch.resolve("upper")));
        all.add("lowerdir=%s::%s::%s".formatted(tree, store.casDirectory(), store.contentMount()));
        Mounts.mount("overlay", merged, "overlay", 0, String.join(",", all));
        if (Arrays.equals(Files.readAllBytes(merged.resolve(ProbeImage.FILE)), image.content())) {
          return true;
        }
        refusals.add(backing + " with " + options + ": other bytes came than were written");
        return false;
      } finally {
        TreeMounts.unmount(merged);
        TreeMounts.unmount(tree);
      }
    } catch (IOException e) {
      refusals.add(String.valueOf(e.getMessage()));
      return false;
    }
  }
}
