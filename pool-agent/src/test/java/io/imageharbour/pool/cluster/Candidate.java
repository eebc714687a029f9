package io.imageharbour.pool.cluster;

import java.net.URI;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/** A process of its own that stands for election, for tests that kill it. */
final class Candidate {

  private Candidate() {}

  /** Arguments: etcd's endpoint, the candidate's id. Says {@code elected} when it is. */
  public static void main(String[] args) throws Exception {
    try (EtcdConnection etcd = new EtcdConnection(EtcdConfig.of(URI.create(args[0])));
        Leadership leadership =
            new Leadership(
                etcd,
                args[1],
                Duration.ofSeconds(5),
                new Leadership.Listener() {
                  @Override
                  public void elected() {
                    System.out.println("elected");
                  }

                  @Override
                  public void deposed() {
                    System.out.println("deposed");
                  }
                })) {
      new CountDownLatch(1).await();
    }
  }
}
