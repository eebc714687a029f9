package io.imageharbour.fusefs.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class SharesTest {

  /** Tasks that a thread has taken and that have not ended yet. */
  private final Queue<Runnable> taken = new ArrayDeque<>();

  private final List<String> done = new ArrayList<>();
  private boolean closed;

  private final Shares shares =
      new Shares(
          task -> {
            if (closed) {
              throw new RejectedExecutionException();
            }
            taken.add(task);
          },
          2);

  @Test
  void aHostHasItsShareAndLeavesTheRestToOthers() {
    execute("silent", 5);
    execute("other", 1);
    assertThat(taken).hasSize(3);
    endAll();
    assertThat(done)
        .containsExactly("silent 0", "silent 1", "other 0", "silent 2", "silent 3", "silent 4");
  }

  @Test
  void aTaskThatFailsLetsTheNextOneBegin() {
    shares.execute(
        "host",
        () -> {
          throw new IllegalStateException("failed");
        });
    execute("host", 2);
    Runnable failing = taken.remove();
    assertThatThrownBy(failing::run).hasMessage("failed");
    endAll();
    assertThat(done).containsExactly("host 0", "host 1");
  }

  @Test
  void afterTheEndOfTheThreadsNothingBegins() {
    execute("host", 4);
    closed = true;
    endAll();
    assertThat(done).containsExactly("host 0", "host 1");
    assertThatThrownBy(() -> execute("host", 1)).isInstanceOf(RejectedExecutionException.class);
  }

  private void execute(String host, int count) {
    for (int i = 0; i < count; i++) {
      String name = host + " " + i;
      shares.execute(host, () -> done.add(name));
    }
  }

  private void endAll() {
    while (!taken.isEmpty()) {
      taken.remove().run();
    }
  }
}
