package io.imageharbour.testbed.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Everything about the memory pool. */
record Pool(String name, String title) implements Benchmark {

  @Override
  public List<Result> run(BenchmarkImages images, int runs)
      throws IOException, InterruptedException {
    List<Result> results = new ArrayList<>();
    results.addAll(PoolReads.measure(name, images, runs));
    results.addAll(GuestReads.measure(name, images, runs));
    results.addAll(PoolStarts.measure(name, images, runs));
    results.addAll(UselessPools.measure(name, images, runs));
    return results;
  }
}
