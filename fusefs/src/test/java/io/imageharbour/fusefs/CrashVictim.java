package io.imageharbour.fusefs;

import java.nio.file.Path;

/** A process that serves and fills a content store until somebody kills it. */
public final class CrashVictim {

  static final int FILES = 2000;
  static final long BIG_SIZE = 64L << 20;

  private CrashVictim() {}

  /** The image that victims serve: frames of four files, and a big file. */
  static FakeImage image() {
    FakeImage image = new FakeImage("crash");
    for (int i = 0; i < FILES; i += 4) {
      image.addFrame(bytes(i), bytes(i + 1), bytes(i + 2), bytes(i + 3));
    }
    image.addBig(1, BIG_SIZE, 1 << 20);
    return image;
  }

  static byte[] bytes(int file) {
    return FakeImage.bytes(file, 1000 + file * 10);
  }

  /** Serves until somebody kills it. */
  public static void main(String[] args) throws Exception {
    FakeImage image = image();
    FakeSource source = new FakeSource("memory").with(image);
    TestStore.open(Path.of(args[0]), source).add("app", image);
    System.out.println("serving");
    Thread.currentThread().join();
  }
}
