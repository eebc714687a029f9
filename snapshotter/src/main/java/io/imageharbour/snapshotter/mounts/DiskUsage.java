package io.imageharbour.snapshotter.mounts;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.imageharbour.snapshotter.store.Usage;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;

/**
 * Adds up what a directory tree occupies. Java's file attributes lack the number of allocated
 * blocks, so this is {@code nftw(3)} of the C library, called back for every file.
 */
final class DiskUsage {

  /** Does not follow symbolic links ({@code FTW_PHYS}). */
  private static final int PHYSICAL = 1;

  /** Directories that may be open at a time; deeper trees are walked more slowly. */
  private static final int OPEN_DIRECTORIES = 64;

  /** {@code st_blocks} counts these, whatever the file system. */
  private static final long BLOCK = 512;

  // in struct stat of 64-bit Linux these three lie at the same place on x86-64 and AArch64
  private static final long ST_DEV = 0;
  private static final long ST_INO = 8;
  private static final long ST_BLOCKS = 64;
  private static final long STAT_BYTES = 72;

  private static final FunctionDescriptor CALLBACK =
      FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, ADDRESS);
  private static final MethodHandle NFTW =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().findOrThrow("nftw"),
              FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, JAVA_INT));

  private final Set<Inode> seen = new HashSet<>();
  private long blocks;

  private DiskUsage() {}

  /** The bytes allocated for a tree, and its inodes; the directory itself counts. */
  static Usage of(Path directory) throws IOException {
    DiskUsage walk = new DiskUsage();
    try (Arena arena = Arena.ofConfined()) {
      MethodHandle visit =
          MethodHandles.lookup()
              .bind(
                  walk,
                  "visit",
                  MethodType.methodType(
                      int.class,
                      MemorySegment.class,
                      MemorySegment.class,
                      int.class,
                      MemorySegment.class));
      int result =
          (int)
              NFTW.invokeExact(
                  arena.allocateFrom(directory.toString()),
                  Linker.nativeLinker().upcallStub(visit, CALLBACK, arena),
                  OPEN_DIRECTORIES,
                  PHYSICAL);
      if (result != 0) {
        throw new IOException(
            "cannot measure " + directory + ": a directory in it is not readable");
      }
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
    return new Usage(walk.blocks * BLOCK, walk.seen.size());
  }

  /** Called by the C library; an exception must not leave it, so it does arithmetic only. */
  private int visit(MemorySegment path, MemorySegment stat, int type, MemorySegment position) {
    MemorySegment fields = stat.reinterpret(STAT_BYTES);
    if (seen.add(new Inode(fields.get(JAVA_LONG, ST_DEV), fields.get(JAVA_LONG, ST_INO)))) {
      blocks += fields.get(JAVA_LONG, ST_BLOCKS);
    }
    return 0;
  }

  private record Inode(long device, long number) {}
}
