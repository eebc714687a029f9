package io.imageharbour.indexer.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.registry.ScriptedServer.Reply;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nobody waits long for a registry that is not there, and everybody for one that was. */
class FirstContactTest {

  private static final Duration DEADLINE = Duration.ofSeconds(40);
  private static final Reply TAGS = Reply.of(200, "{\"tags\": [\"one\"]}");

  @TempDir Path directory;

  @Test
  void aPortWhereNobodyListensIsGivenUpSoon() throws Exception {
    assertGivenUp(new RepositoryName("127.0.0.1:" + freePort(), "a"), "Connection refused");
  }

  @Test
  void aNameThatNobodyHasIsGivenUpSoon() throws Exception {
    assertGivenUp(new RepositoryName("registry.invalid:5000", "a"), "the host name is not known");
  }

  @Test
  void aRegistryThatAnsweredBeforeIsWaitedForWhileItRestarts() throws Exception {
    try (RegistryClient client = client(Duration.ofMillis(300));
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      ScriptedServer before = new ScriptedServer(_ -> TAGS);
      int port = before.port();
      Repository repository = client.repository(before.repository("a"));
      assertThat(repository.tags(1)).containsExactly("one");
      before.close();

      Future<List<String>> tags = threads.submit(() -> repository.tags(1));
      assertThatThrownBy(() -> tags.get(2, TimeUnit.SECONDS)).isInstanceOf(TimeoutException.class);
      try (ScriptedServer _ = new ScriptedServer(port, _ -> TAGS)) {
        assertThat(tags.get(20, TimeUnit.SECONDS)).containsExactly("one");
      }
    }
  }

  @Test
  void aRegistryThatAnswersThatItIsBusyIsThere() throws Exception {
    AtomicInteger requests = new AtomicInteger();
    try (RegistryClient client = client(Duration.ofMillis(100));
        ScriptedServer server =
            new ScriptedServer(_ -> requests.incrementAndGet() < 4 ? Reply.of(503) : TAGS)) {
      assertThat(client.repository(server.repository("a")).tags(1)).containsExactly("one");
    }
  }

  private void assertGivenUp(RepositoryName name, String whatCameBack) throws Exception {
    long begin = System.nanoTime();
    try (RegistryClient client = client(Duration.ofSeconds(1))) {
      assertThatThrownBy(() -> client.repository(name).tags(1))
          .isInstanceOf(RegistryUnavailableException.class)
          .hasMessageContainingAll(name.registry(), whatCameBack, "Check the name and the port");
    }
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(DEADLINE.dividedBy(2));
  }

  private RegistryClient client(Duration firstContact) throws RegistryConfigurationException {
    return new RegistryClient(
        TestClients.settings(directory)
            .withPlainHttp(true)
            .withTimeouts(DEADLINE, Duration.ofSeconds(5))
            .withFirstContact(firstContact));
  }

  private static int freePort() throws Exception {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
