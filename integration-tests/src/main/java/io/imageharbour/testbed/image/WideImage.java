package io.imageharbour.testbed.image;

import io.imageharbour.testbed.image.TarLayer.Attributes;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** A layer with very many files in one directory, of a few contents. */
final class WideImage {

  private static final int CONTENTS = 16;

  private WideImage() {}

  static void write(int files, OutputStream out) throws IOException {
    try (TarLayer tar = new TarLayer(out)) {
      tar.directory("wide", Attributes.of(0755));
      for (int i = 0; i < files; i++) {
        byte[] content = ("content " + i % CONTENTS).getBytes(StandardCharsets.US_ASCII);
        tar.file("wide/file-%06d".formatted(i), Attributes.of(0644), content);
      }
    }
  }
}
