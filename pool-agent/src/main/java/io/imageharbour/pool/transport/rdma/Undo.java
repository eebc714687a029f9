package io.imageharbour.pool.transport.rdma;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is to be given back, the latest first. Belongs to one thread at a time. */
final class Undo {

  private static final Logger log = LoggerFactory.getLogger(Undo.class);

  private final Deque<Step> steps = new ArrayDeque<>();

  private record Step(String what, Action action) {}

  /** Gives something back. */
  @FunctionalInterface
  interface Action {
    /** Answers 0, or something else if it could not be given back. */
    int run() throws Exception;
  }

  void add(String what, Action action) {
    steps.push(new Step(what, action));
  }

  /** Gives all of it back, once; what can't be is logged. */
  void run() {
    while (!steps.isEmpty()) {
      Step step = steps.pop();
      try {
        int result = step.action.run();
        if (result != 0) {
          log.warn("event=rdma-not-closed what=\"{}\" result={}", step.what, result);
        }
      } catch (Exception e) {
        log.warn("event=rdma-not-closed what=\"{}\" cause=\"{}\"", step.what, e.getMessage());
      }
    }
  }
}
