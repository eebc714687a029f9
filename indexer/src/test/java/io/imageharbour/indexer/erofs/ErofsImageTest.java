package io.imageharbour.indexer.erofs;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.RandomImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Writes images and asks the kernel and the tools of erofs-utils what is in them. */
class ErofsImageTest {

  @Property(tries = 25)
  void theKernelSeesTheTreeOfTheIndex(@ForAll long seed, @ForAll @IntRange(max = 150) int size)
      throws IOException, InterruptedException {
    ImageIndex index = new RandomImage(seed, size).index();
    try (WorkingDirectory work = new WorkingDirectory();
        Mount mount = Mount.loop(work.write(index), work.path("m"))) {
      assertSame(TreeOnDisk.read(mount.directory()), ExpectedTree.of(index));
    }
  }

  @Property(tries = 10)
  void theKernelSeesItWithoutALoopDeviceToo(@ForAll long seed)
      throws IOException, InterruptedException {
    ImageIndex index = new RandomImage(seed, 60).index();
    try (WorkingDirectory work = new WorkingDirectory();
        Mount mount = Mount.file(work.write(index), work.path("m"))) {
      assertSame(TreeOnDisk.read(mount.directory()), ExpectedTree.of(index));
    }
  }

  @Property(tries = 15)
  void overlayfsShowsTheImageWithItsContents(@ForAll long seed)
      throws IOException, InterruptedException {
    RandomImage image = new RandomImage(seed, 80);
    ImageIndex index = image.index();
    try (WorkingDirectory work = new WorkingDirectory();
        Mount tree = Mount.file(work.write(index), work.path("m"));
        Mount overlay =
            Mount.overlay(tree.directory(), work.store(image.contents()), work.path("o"))) {
      assertSame(
          TreeOnDisk.readWithContents(overlay.directory()), ExpectedTree.throughOverlay(index));
    }
  }

  @Property(tries = 25)
  void fsckAcceptsIt(@ForAll long seed, @ForAll @IntRange(max = 150) int size)
      throws IOException, InterruptedException {
    try (WorkingDirectory work = new WorkingDirectory()) {
      Path image = work.write(new RandomImage(seed, size).index());

      assertThat(Command.run("fsck.erofs", "-d3", "--extract", image.toString()))
          .contains("No errors found");
    }
  }

  @Property(tries = 20)
  void theSameIndexGivesTheSameBytes(@ForAll long seed) throws IOException, InterruptedException {
    try (WorkingDirectory work = new WorkingDirectory()) {
      byte[] once = Files.readAllBytes(work.write(new RandomImage(seed, 80).index()));
      byte[] again = Files.readAllBytes(work.write(new RandomImage(seed, 80).index()));

      assertThat(again).isEqualTo(once);
    }
  }

  private static void assertSame(
      Map<String, TreeOnDisk.Entry> seen, Map<String, TreeOnDisk.Entry> expected) {
    assertThat(seen.keySet()).isEqualTo(expected.keySet());
    expected.forEach((path, entry) -> assertThat(seen.get(path)).as(path).isEqualTo(entry));
  }
}
