package io.imageharbour.fusefs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/** A process that waits for a file of its own content mount, and for ever. */
public final class StuckVictim {

  private StuckVictim() {}

  /** Waits until somebody kills it. */
  public static void main(String[] args) throws Exception {
    FakeImage image = CrashVictim.image();
    FakeSource source = new FakeSource("memory").with(image);
    source.gate = new CountDownLatch(1);
    TestStore store = TestStore.open(Path.of(args[0]), source).add("app", image);
    Path file = store.mounted(image.index().contents().getFirst().digest());
    Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              try {
                Files.readAllBytes(file);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    Waiting.until("the file is asked for", () -> source.fetches.get() > 0);
    System.out.println("serving");
    Thread.currentThread().join();
  }
}
