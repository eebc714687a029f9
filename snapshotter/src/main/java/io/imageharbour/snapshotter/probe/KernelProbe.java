package io.imageharbour.snapshotter.probe;

import io.imageharbour.fusefs.ContentStore;
import io.imageharbour.fusefs.ContentStoreConfig;
import io.imageharbour.fusefs.TreeMount;
import io.imageharbour.fusefs.TreeMountOptions;
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
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedSet;

/**
 * Finds out what this machine can do by running a tiny image the way every image runs: an EROFS
 * image, an overlay with data-only layers on it, a content store with a content mount, and a read
 * that fetches; or, where that does not go, a tree of FUSE with an overlay on it. Needs root. It
 * leaves nothing behind, and as it uses a directory of its own, a daemon may run beside it.
 */
public final class KernelProbe {

  private static final String KERNEL = "kernel";
  private static final String FUSE = "FUSE trees";

  private static final List<List<String>> OVERLAY_OPTIONS =
      List.of(List.of(), List.of("metacopy=on"));

  private final Path scratch;
  private final ProbeImage image = new ProbeImage();
  private final List<Finding> findings = new ArrayList<>();

  /** What the kernel said to each try, each once. */
  private final SequencedSet<String> refusals = new LinkedHashSet<>();

  private KernelProbe(Path scratch) {
    this.scratch = scratch;
  }

  /**
   * Looks at everything.
   *
   * @param root the root directory of the daemon, which must exist: what can be mounted depends on
   *     its file system
   * @param choice which ways to mount trees are tried
   * @throws IOException if the directory can't be written to; what the kernel refuses is a finding
   */
  public static KernelReport run(Path root, TreeChoice choice) throws IOException {
    Path scratch = Files.createTempDirectory(root, "probe-");
    try {
      return new KernelProbe(scratch).run(choice);
    } finally {
      SnapshotDirectories.delete(scratch);
    }
  }

  private KernelReport run(TreeChoice choice) throws IOException {
    KernelVersion kernel = KernelVersion.running();
    findings.add(FileSystems.of(scratch));
    List<String> overlayOptions = overlayOptions();
    Optional<IndexMounting> mounting =
        choice == TreeChoice.FUSE ? Optional.empty() : erofs(kernel, overlayOptions);
    if (mounting.isEmpty() && choice != TreeChoice.EROFS) {
      boolean chosen = choice == TreeChoice.FUSE;
      mounting = fuse(overlayOptions, chosen);
      if (chosen) {
        findings.addFirst(Finding.good(KERNEL, kernel.toString()));
      } else if (mounting.isPresent()) {
        findings.replaceAll(KernelProbe::asWarning);
      }
    }
    return new KernelReport(findings, mounting, overlayOptions);
  }

  /** Index images run, if not in the best way. */
  private static Finding asWarning(Finding finding) {
    return finding.level() == Finding.Level.FAILURE
        ? Finding.warning(finding.subject(), finding.result(), finding.advice())
        : finding;
  }

  private Optional<IndexMounting> erofs(KernelVersion kernel, List<String> overlayOptions) {
    kernel(kernel);
    try (ContentStore store =
        ContentStore.open(
            ContentStoreConfig.of(scratch.resolve("e")), List.of(image), digest -> "image=probe")) {
      findings.add(Finding.good("content mount", "works"));
      passthrough(store.stats().passthrough());
      return mounting(store, overlayOptions);
    } catch (IOException e) {
      findings.add(
          Finding.failure(
              "content mount",
              String.valueOf(e.getMessage()),
              "make sure that /dev/fuse is there (modprobe fuse) and that this runs as root"));
      return Optional.empty();
    }
  }

  /** Whether a tree of FUSE works below an overlay. */
  private Optional<IndexMounting> fuse(List<String> overlayOptions, boolean chosen) {
    try (ContentStore store =
        ContentStore.open(
            ContentStoreConfig.of(scratch.resolve("f")).withoutContentMount(),
            List.of(image),
            digest -> "image=probe")) {
      ImageIndex index = image.index();
      store.add(ProbeImage.FILE, index, List.of());
      Path target = Files.createDirectories(scratch.resolve("t"));
      try (TreeMount tree =
          store.mountTree(ProbeImage.FILE, index, target, TreeMountOptions.LAYER)) {
        if (!reads(overlayOptions, tree.target().toString())) {
          throw new IOException("other bytes came than were written");
        }
      }
      findings.add(
          chosen
              ? Finding.good(FUSE, "work, and are what the configuration says")
              : Finding.warning(
                  FUSE,
                  "work, and are used instead: slower, and containers die with harbourd",
                  "mend what is said above"));
      return Optional.of(new IndexMounting.Fuse());
    } catch (IOException e) {
      findings.add(
          Finding.failure(
              FUSE,
              String.valueOf(e.getMessage()),
              "make sure that /dev/fuse and libfuse.so.2 are there (on Debian 12: apt-get install libfuse2)"));
      return Optional.empty();
    }
  }

  private void kernel(KernelVersion kernel) {
    if (kernel.compareTo(KernelVersion.of(6, 5)) < 0) {
      findings.addFirst(
          Finding.failure(
              KERNEL,
              kernel + ": overlayfs has data-only layers from 6.5",
              "boot a kernel of 6.5 or newer, best 6.12"));
    } else if (kernel.compareTo(KernelVersion.of(6, 9)) < 0) {
      findings.addFirst(
          Finding.warning(
              KERNEL,
              kernel + ": FUSE passthrough came with 6.9",
              "boot a kernel of 6.9 or newer, best 6.12"));
    } else {
      findings.addFirst(Finding.good(KERNEL, kernel.toString()));
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

  private Optional<IndexMounting> mounting(ContentStore store, List<String> overlayOptions)
      throws IOException {
    ImageIndex index = image.index();
    store.add(ProbeImage.FILE, index, List.of());
    Path erofs = scratch.resolve("index.erofs");
    ErofsImage.write(index, erofs);
    for (ErofsBacking backing : ErofsBacking.values()) {
      for (List<String> candidate : OVERLAY_OPTIONS) {
        List<String> options = new ArrayList<>(overlayOptions);
        options.addAll(candidate);
        if (works(store, erofs, backing, options)) {
          describe(backing, candidate);
          return Optional.of(new IndexMounting.Erofs(backing, candidate));
        }
      }
    }
    findings.add(
        Finding.failure(
            "EROFS with data-only layers",
            String.join("; ", refusals),
            "have a kernel of 6.5 or newer, best 6.12, with erofs and overlay (modprobe erofs overlay), and the root directory on ext4, xfs or btrfs"));
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
      ContentStore store, Path erofs, ErofsBacking backing, List<String> options) {
    Path tree = scratch.resolve("m");
    try {
      try {
        TreeMounts.mount(erofs, tree, backing);
        String lower =
            "%s::%s::%s"
                .formatted(
                    tree,
                    store.casDirectory(),
                    store.contentDirectory(ProbeImage.FILE).orElseThrow());
        if (reads(options, lower)) {
          return true;
        }
        refusals.add(backing + " with " + options + ": other bytes came than were written");
        return false;
      } finally {
        TreeMounts.unmount(tree);
      }
    } catch (IOException e) {
      refusals.add(String.valueOf(e.getMessage()));
      return false;
    }
  }

  /** Whether the image's file is read right through an overlay on this. */
  private boolean reads(List<String> options, String lower) throws IOException {
    Path merged = Files.createDirectories(scratch.resolve("merged"));
    List<String> all = new ArrayList<>(options);
    all.add("workdir=" + Files.createDirectories(scratch.resolve("work")));
    all.add("upperdir=" + Files.createDirectories(scratch.resolve("upper")));
    all.add("lowerdir=" + lower);
    try {
      Mounts.mount("overlay", merged, "overlay", 0, String.join(",", all));
      return Arrays.equals(Files.readAllBytes(merged.resolve(ProbeImage.FILE)), image.content());
    } finally {
      TreeMounts.unmount(merged);
    }
  }
}
