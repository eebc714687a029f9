package io.imageharbour.testbed.image;

import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.image.TarLayer.Attributes;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;

/** What the kernel can hold, and containerd can't unpack or only on few file systems. */
public final class ExtremeImage {

  private static final Instant TIME = Instant.ofEpochSecond(1_000_000_000);
  private static final Attributes DIRECTORY = Attributes.of(0755).modifiedAt(TIME);
  private static final Attributes FILE = Attributes.of(0644).modifiedAt(TIME);

  /** The long path, made step by step. */
  private static final String MAKE =
      """
      use strict; use warnings;
      sub make { open my $f, ">", $_[0] or die; print $f $_[1]; close $f; utime 1e9, 1e9, $_[0] }
      chdir $ARGV[0] or die; umask 022;
      mkdir "deep"; chdir "deep";
      for (1 .. 20) { mkdir "d" x 250 or die; chdir "d" x 250 or die }
      make("bottom", "5 KB below");
      for (1 .. 21) { utime 1e9, 1e9, "." or die; chdir ".." or die }
      """;

  private ExtremeImage() {}

  /** Attributes that fill what EROFS has for the length of one, and more than a block. */
  static void attributes(OutputStream out) throws IOException {
    try (TarLayer tar = new TarLayer(out)) {
      tar.directory("xattrs", DIRECTORY);
      tar.file("xattrs/long", FILE.with("user.long", "v".repeat(65_535)), text("a long value"));
      Attributes many = FILE;
      for (int i = 1; i <= 5; i++) {
        many = many.with("user." + i, Integer.toString(i).repeat(20_000));
      }
      tar.file("xattrs/many", many, text("long ones"));
    }
  }

  /** A path of more than 4,096 bytes. */
  static void deep(OutputStream out) throws IOException {
    try (TarLayer tar = new TarLayer(out)) {
      StringBuilder path = new StringBuilder("deep");
      tar.directory(path.toString(), DIRECTORY);
      for (int i = 0; i < 20; i++) {
        path.append('/').append("d".repeat(250));
        tar.directory(path.toString(), DIRECTORY);
      }
      tar.file(path + "/bottom", FILE, text("5 KB below"));
    }
  }

  /** Makes the same tree as {@link #deep} with system calls. */
  public static void makeDeep(Path directory) throws IOException, InterruptedException {
    Command.of("perl", "-e", MAKE, directory).run();
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
