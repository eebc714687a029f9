package io.imageharbour.cli.pool;

import io.imageharbour.pool.client.AgentControl;
import io.imageharbour.pool.client.AgentUnavailableException;
import io.imageharbour.pool.client.PoolControl;
import io.imageharbour.pool.cluster.AgentAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * What an agent answered, or why it did not.
 *
 * @param agent that was asked
 * @param value what it answered
 * @param failure why it did not; there if {@code value} is not
 */
public record Answer<T>(
    AgentAddress agent, Optional<T> value, Optional<AgentUnavailableException> failure) {

  /** What is asked of one agent. */
  @FunctionalInterface
  public interface Question<T> {
    T ask(AgentControl agent) throws AgentUnavailableException;
  }

  /** Asks all agents at once; their answers are in the agents' order. */
  public static <T> List<Answer<T>> ofAll(PoolControl pool, Question<T> question)
      throws InterruptedException {
    ExecutorService askers =
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("ask-", 1).factory());
    try {
      List<Future<Answer<T>>> asked = new ArrayList<>();
      for (AgentControl agent : pool.agents()) {
        asked.add(askers.submit(() -> of(agent, question)));
      }
      List<Answer<T>> answers = new ArrayList<>();
      for (Future<Answer<T>> each : asked) {
        answers.add(each.get());
      }
      return answers;
    } catch (ExecutionException e) {
      throw new AssertionError("a question throws nothing else", e.getCause());
    } finally {
      askers.shutdownNow();
    }
  }

  /** Why agents did not answer. */
  public static <T> List<AgentUnavailableException> failures(List<Answer<T>> answers) {
    return answers.stream().flatMap(answer -> answer.failure().stream()).toList();
  }

  private static <T> Answer<T> of(AgentControl agent, Question<T> question) {
    try {
      return new Answer<>(agent.agent(), Optional.of(question.ask(agent)), Optional.empty());
    } catch (AgentUnavailableException e) {
      return new Answer<>(agent.agent(), Optional.empty(), Optional.of(e));
    }
  }
}
