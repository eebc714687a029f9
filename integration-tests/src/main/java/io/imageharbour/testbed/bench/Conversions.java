package io.imageharbour.testbed.bench;

import io.imageharbour.testbed.Network;
import io.imageharbour.testbed.PageCache;
import io.imageharbour.testbed.Quantity;
import io.imageharbour.testbed.RegistryServer;
import java.io.IOException;
import java.util.List;

/** Converts the Python image, the whole of {@code harbourctl convert}, in an empty registry. */
record Conversions(String name, String title) implements Benchmark {

  @Override
  public List<Measurement> run(BenchmarkImages images, int runs)
      throws IOException, InterruptedException {
    Measurement time = Measurement.of(name, "conversion", Quantity.SECONDS);
    Measurement stored = Measurement.of(name, "bytes in the registry", Quantity.BYTES);
    for (int run = 0; run < runs; run++) {
      try (RegistryServer registry =
          RegistryServer.start(images.workspace(), "rc", Network.loopback())) {
        String source = registry.add(images.layout(BenchmarkImages.PYTHON), "python", "1");
        long before = registry.storedBytes();
        PageCache.drop();
        long start = System.nanoTime();
        images.tree().convert(source, source + "-harbour");
        time.harbour().add((System.nanoTime() - start) / 1e9);
        stored.baseline().add(before);
        stored.harbour().add(registry.storedBytes() - before);
      } finally {
        images.workspace().removeDirectory("rc");
      }
    }
    return List.of(time, stored);
  }
}
