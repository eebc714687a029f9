package io.imageharbour.testbed.image;

import io.imageharbour.testbed.Command;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** One file beyond 4 GiB with bytes here and there, in a sparse archive of GNU tar. */
final class HugeFileImage {

  private static final long SIZE = 5L << 30;

  /** Where it has bytes: the beginning, across 4 GiB, the end. */
  private static final List<Long> PLACES = List.of(0L, (4L << 30) - 10, SIZE - 20);

  private HugeFileImage() {}

  static OciLayout build(Path target, Path scratch) throws IOException, InterruptedException {
    Path tree = Files.createDirectory(scratch.resolve("tree"));
    Path huge = tree.resolve("huge");
    try (FileChannel file =
        FileChannel.open(huge, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (long place : PLACES) {
        byte[] text = "%20d".formatted(place).getBytes(StandardCharsets.US_ASCII);
        file.write(ByteBuffer.wrap(text), place);
      }
    }
    Command tar =
        Command.of("tar", "--create", "--format=posix", "--sparse", "--numeric-owner")
            .withArguments("--directory", tree, "huge");
    OciLayout layout = OciLayout.create(target);
    List<OciLayout.Layer> layers = List.of(layout.addLayer(out -> Pipe.run(tar, out)));
    return layout.finish(layout.addImage(TestImages.architecture(), layers, List.of("/none")));
  }
}
