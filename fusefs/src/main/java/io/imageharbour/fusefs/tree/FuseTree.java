package io.imageharbour.fusefs.tree;

import io.imageharbour.fusefs.TreeMount;
import io.imageharbour.fusefs.TreeMountException;
import io.imageharbour.fusefs.TreeMountOptions;
import io.imageharbour.fusefs.linux.FuseMounts;
import io.imageharbour.fusefs.linux.MountTable;
import io.imageharbour.fusefs.mount.ContentFiles;
import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.ImageIndex;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import ru.serce.jnrfuse.struct.FuseOperations;

/** A tree that libfuse serves, on threads of a {@link RequestLoop}. */
public final class FuseTree implements TreeMount {

  private static final Logger log = LoggerFactory.getLogger(FuseTree.class);

  private static final Path DEVICE = Path.of("/dev/fuse");

  /** What does not change need not be asked for again; in seconds. */
  private static final String FOR_EVER = "31536000";

  /** So long closing waits for the last requests. */
  private static final Duration UNMOUNT_WAIT = Duration.ofMillis(500);

  private final Path target;
  private final LibFuse library;
  private final FileTree tree;
  private final TreeOperations operations;
  private final List<Object> callbacks = new ArrayList<>();
  private final Arena arena = Arena.ofShared();
  private final AtomicBoolean unmounted = new AtomicBoolean();
  private final CountDownLatch ended = new CountDownLatch(1);

  private FuseTree(Path target, LibFuse library, FileTree tree, TreeOperations operations) {
    this.target = target;
    this.library = library;
    this.tree = tree;
    this.operations = operations;
  }

  /**
   * Mounts a tree. When this returns it can be used.
   *
   * @param image by whose name the table of contents knows the index, when files are opened
   * @param target an empty directory
   * @param maxWaiting requests of the kernel that may wait for bytes at once
   * @throws TreeMountException if the machine lacks what that takes, or refuses
   */
  public static FuseTree mount(
      Path target,
      String image,
      ImageIndex index,
      TreeMountOptions options,
      ContentFiles files,
      int maxWaiting)
      throws IOException {
    if (!Files.isReadable(DEVICE) || !Files.isWritable(DEVICE)) {
      throw new TreeMountException(
          DEVICE
              + (Files.exists(DEVICE)
                  ? " may not be opened by this user: its mode should be 0666"
                  : " is not there: load the kernel's module with modprobe fuse"));
    }
    if (options.others() && !FuseMounts.mayShare()) {
      throw new TreeMountException(
          "a mount of this user can't be shown to others, as %s has no line user_allow_other, which root would have to add; mount it without that"
              .formatted(FuseMounts.CONFIGURATION));
    }
    LibFuse library = LibFuse.load();
    FileTree tree = new FileTree(index, options.layer());
    FuseTree mount =
        new FuseTree(
            target.toAbsolutePath().normalize(),
            library,
            tree,
            new TreeOperations(tree, image, files));
    mount.start(options, maxWaiting);
    return mount;
  }

  @Override
  public Path target() {
    return target;
  }

  @Override
  public Optional<String> pathOf(Digest content) {
    return tree.path(content);
  }

  @Override
  public boolean awaitEnd(Duration timeout) throws InterruptedException {
    return ended.await(timeout.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void unmount() throws IOException {
    if (ended.getCount() > 0 && unmounted.compareAndSet(false, true)) {
      FuseMounts.unmountLazily(target);
    }
  }

  @Override
  public void close() throws IOException {
    unmount();
    try {
      if (!awaitEnd(UNMOUNT_WAIT)) {
        log.info("event=tree-in-use target={} action=\"it ends with who uses it\"", target);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void start(TreeMountOptions options, int maxWaiting) throws IOException {
    List<String> arguments = List.of("harbour", "-f", "-o", optionList(options), target.toString());
    MemorySegment vector = arena.allocate(ValueLayout.ADDRESS, arguments.size() + 1L);
    for (int i = 0; i < arguments.size(); i++) {
      vector.setAtIndex(ValueLayout.ADDRESS, i, arena.allocateFrom(arguments.get(i)));
    }
    MemorySegment mounted = arena.allocate(ValueLayout.JAVA_LONG);
    long fuse =
        library.fuse_setup(
            arguments.size(),
            vector.address(),
            functions().address(),
            Structures.OPERATIONS_BYTES,
            mounted.address(),
            arena.allocate(ValueLayout.JAVA_INT).address(),
            MemorySegment.NULL.address());
    if (fuse == 0) {
      arena.close();
      throw new TreeMountException(
          "the FUSE file system can't be mounted on %s: %s".formatted(target, refusal()));
    }
    long path = mounted.get(ValueLayout.JAVA_LONG, 0);
    long session = library.fuse_get_session(fuse);
    long channel = library.fuse_session_next_chan(session, 0);
    boolean served = false;
    try {
      new RequestLoop(library, session, channel, maxWaiting, () -> end(fuse, path, channel))
          .start();
      served = true;
    } finally {
      if (!served) {
        end(fuse, path, channel);
      }
    }
  }

  /** What may be the cause; libfuse says on stderr what is, and returns nothing. */
  private String refusal() throws IOException {
    if (!MountTable.on(target).isEmpty()) {
      return "somebody has mounted something there in the same moment";
    }
    return FuseMounts.isRoot()
        ? "the line above says why"
        : "the line above says why; without root it takes fusermount, on Debian of the package fuse3, and a directory of this user";
  }

  private void end(long fuse, long path, long channel) {
    try {
      library.fuse_unmount(path, channel);
      library.fuse_destroy(fuse);
      library.free(path);
      operations.close();
      arena.close();
      log.debug("event=tree-ended target={} callbacks={}", target, callbacks.size());
    } finally {
      ended.countDown();
    }
  }

  private static String optionList(TreeMountOptions options) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "ro",
                "fsname=harbour",
                "subtype=" + TYPE.substring(TYPE.indexOf('.') + 1),
                "use_ino",
                "entry_timeout=" + FOR_EVER,
                "negative_timeout=" + FOR_EVER,
                "attr_timeout=" + FOR_EVER,
                "max_background=128",
                // nobody writes; the kernel wants room for it in every buffer for a request
                "max_write=4096"));
    if (options.layer()) {
      // as of other layers: whether they count is for the mount on it to say
      all.addAll(List.of("suid", "dev"));
    }
    if (options.others()) {
      all.add("allow_other");
      all.add("default_permissions");
    }
    return String.join(",", all);
  }

  /** {@code struct fuse_operations}. */
  private MemorySegment functions() {
    MemorySegment functions = arena.allocate(Structures.OPERATIONS_BYTES, Long.BYTES);
    FuseOperations places = Structures.OPERATIONS;
    set(functions, places.getattr.offset(), LibFuse.OnPath.class, operations::attributes);
    set(
        functions,
        places.fgetattr.offset(),
        LibFuse.OnOpenFile.class,
        operations::attributesOfOpened);
    set(functions, places.readlink.offset(), LibFuse.IntoBuffer.class, operations::readLink);
    set(functions, places.opendir.offset(), LibFuse.OnPath.class, operations::openDirectory);
    set(functions, places.readdir.offset(), LibFuse.ReadDirectory.class, operations::readDirectory);
    set(functions, places.open.offset(), LibFuse.OnPath.class, operations::open);
    set(functions, places.read.offset(), LibFuse.Read.class, operations::read);
    set(functions, places.release.offset(), LibFuse.OnPath.class, operations::release);
    set(functions, places.statfs.offset(), LibFuse.OnPath.class, operations::statistics);
    set(functions, places.listxattr.offset(), LibFuse.IntoBuffer.class, operations::attributeNames);
    // containerd takes it for a failure if a file system has no attributes at all
    set(functions, places.getxattr.offset(), LibFuse.OnAttribute.class, operations::attribute);
    // the flags lie behind this one; jnr-fuse does not say where
    long flags = places.bmap.offset() + ValueLayout.ADDRESS.byteSize();
    functions.set(ValueLayout.JAVA_BYTE, flags, Structures.NO_PATHS);
    return functions;
  }

  private <T> void set(MemorySegment functions, long offset, Class<T> type, T callback) {
    Pointer function =
        Runtime.getSystemRuntime().getClosureManager().getClosurePointer(type, callback);
    // both have to stay for as long as libfuse may call them
    callbacks.add(callback);
    callbacks.add(function);
    functions.set(ValueLayout.JAVA_LONG, offset, function.address());
  }
}
