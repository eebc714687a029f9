package io.imageharbour.packaging.training;

import io.imageharbour.fusefs.linux.Mounts;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/**
 * A container's root directory, mounted, and what programs in it do with its files. Closing it
 * unmounts it.
 */
final class TrainingContainer implements AutoCloseable {

  private static final int THREADS = 4;
  private static final int BUFFER = 64 << 10;
  private static final int BIG = 1 << 20;

  private final Path root;
  private final Random random = new Random(1);
  private final List<Path> directories = new ArrayList<>();
  private final List<Path> small = new ArrayList<>();
  private final List<Path> big = new ArrayList<>();

  private TrainingContainer(Path root) {
    this.root = root;
  }

  /**
   * Mounts an overlay.
   *
   * @param options as harbourd gave them
   */
  static TrainingContainer mount(Path root, String options) throws IOException {
    Files.createDirectories(root);
    Mounts.mount("overlay", root, "overlay", 0, options);
    return new TrainingContainer(root);
  }

  /**
   * What {@code find} does, and then what a program: a quarter of the small files, all big ones.
   */
  void runProgram() throws IOException, InterruptedException {
    walk();
    Collections.shuffle(directories, random);
    List<Path> needed = directories.subList(0, directories.size() / 5);
    for (Path directory : needed.subList(0, needed.size() / 2)) {
      load(directory);
    }
    inThreads(needed.subList(needed.size() / 2, needed.size()), this::load);
    Collections.shuffle(small, random);
    for (Path file : small.subList(0, small.size() / 20)) {
      readWhole(file);
    }
    big.sort(Comparator.comparing(Path::toString));
    readParts(big.getFirst(), 200);
    inThreads(big, TrainingContainer::readWhole);
    Files.writeString(small.getFirst(), "changed", StandardOpenOption.APPEND);
    Files.writeString(root.resolve("new"), "new");
  }

  /** A second program, which finds a part of what it reads there already. */
  void runSmallProgram() throws IOException, InterruptedException {
    walk();
    inThreads(directories.subList(0, directories.size() / 5), this::load);
  }

  @Override
  public void close() throws IOException {
    Mounts.unmountLazily(root);
  }

  private void walk() throws IOException {
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
            directories.add(directory);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (attributes.isRegularFile()) {
              (attributes.size() < BIG ? small : big).add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    Collections.sort(directories);
  }

  /** As an interpreter loads a package: it looks for what is not there, then reads all that is. */
  private void load(Path directory) throws IOException {
    List<Path> files;
    try (Stream<Path> entries = Files.list(directory)) {
      files = entries.sorted().toList();
    }
    for (Path file : files) {
      if (!Files.exists(Path.of(file + "c"))
          && Files.isRegularFile(file)
          && Files.size(file) < BIG) {
        readWhole(file);
      }
    }
  }

  private static void readWhole(Path file) throws IOException {
    byte[] buffer = new byte[BUFFER];
    try (InputStream in = Files.newInputStream(file)) {
      while (in.read(buffer) >= 0) {
        // only the reading matters
      }
    }
  }

  private void readParts(Path file, int count) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    try (FileChannel channel = FileChannel.open(file)) {
      for (int i = 0; i < count; i++) {
        channel.read(buffer.clear(), random.nextLong(channel.size()));
      }
    }
  }

  private static void inThreads(List<Path> paths, Step step)
      throws IOException, InterruptedException {
    try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
      List<Future<?>> steps = new ArrayList<>();
      for (Path path : paths) {
        steps.add(
            threads.submit(
                () -> {
                  step.run(path);
                  return path;
                }));
      }
      for (Future<?> each : steps) {
        each.get();
      }
    } catch (ExecutionException e) {
      throw new IOException("a program in the container failed", e.getCause());
    }
  }

  /** What is done with a file or directory. */
  @FunctionalInterface
  private interface Step {
    void run(Path path) throws IOException;
  }
}
