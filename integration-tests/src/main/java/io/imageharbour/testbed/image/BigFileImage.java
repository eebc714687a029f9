package io.imageharbour.testbed.image;

import io.imageharbour.testbed.image.TarLayer.Attributes;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Random;

/** A layer of one big file: of every 1 MiB, half is random and half is zeros. */
final class BigFileImage {

  private static final int MEBIBYTE = 1 << 20;

  private BigFileImage() {}

  static void write(int mebibytes, OutputStream out) throws IOException {
    try (TarLayer tar = new TarLayer(out)) {
      tar.directory(".", Attributes.of(0755));
      tar.blocks("big", Attributes.of(0644), mebibytes, BigFileImage::block);
    }
  }

  private static byte[] block(int number) {
    byte[] random = new byte[MEBIBYTE / 2];
    new Random(number).nextBytes(random);
    byte[] block = new byte[MEBIBYTE];
    System.arraycopy(random, 0, block, 0, random.length);
    return block;
  }
}
