package io.imageharbour.indexer.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.ScriptedServer.Reply;
import io.imageharbour.indexer.registry.ScriptedServer.Request;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Token authentication against a token server that does as it is told. */
class TokenTest {

  private static final byte[] BLOB = {1, 2, 3, 4};
  private static final Digest DIGEST = Digest.sha256(BLOB);

  @TempDir Path directory;
  private final Set<String> valid = ConcurrentHashMap.newKeySet();
  private final AtomicInteger issued = new AtomicInteger();
  private volatile String lifetime = "300";
  private volatile boolean honest = true;
  private ScriptedServer tokens;
  private ScriptedServer registry;
  private RegistryClient client;

  @BeforeEach
  void start() throws IOException {
    tokens = new ScriptedServer(this::token);
    registry = new ScriptedServer(this::serve);
    client = new RegistryClient(TestClients.settings(directory));
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    registry.close();
    tokens.close();
  }

  private Reply token(Request request) {
    if (!honest) {
      return Reply.of(401, "denied: " + request.headers() + new String(request.body()));
    }
    String token = "tok" + issued.incrementAndGet();
    valid.add("Bearer " + token);
    return Reply.of(200, "{\"token\":\"%s\",\"expires_in\":%s}".formatted(token, lifetime));
  }

  private Reply serve(Request request) {
    if (!valid.contains(request.header("Authorization"))) {
      return Reply.of(401)
          .with(
              "WWW-Authenticate",
              "Bearer realm=\"%s/token\",service=\"reg,istry\",scope=\"repository:a/b:pull\""
                  .formatted(tokens.url()));
    }
    return switch (request.method()) {
      case "POST" -> Reply.of(201);
      default -> Reply.part(BLOB, request);
    };
  }

  private void login(String entry) throws IOException {
    Files.createDirectories(directory.resolve("docker"));
    Files.writeString(
        directory.resolve("docker/config.json"),
        "{\"auths\": {\"http://%s/v1/\": %s}}".formatted(registry.host(), entry));
  }

  private byte[] read() throws Exception {
    return client.repository(registry.repository("a/b")).readBlob(DIGEST, 4, 1, 2);
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }

  @Test
  void aTokenIsFetchedWithoutCredentialsAndUsedAgain() throws Exception {
    for (int i = 0; i < 3; i++) {
      assertThat(read()).containsExactly(2, 3);
    }
    assertThat(tokens.requests()).hasSize(1);
    Request asked = tokens.requests().getFirst();
    assertThat(decoded(asked.target()))
        .isEqualTo("/token?service=reg,istry&scope=repository:a/b:pull");
    assertThat(asked.has("Authorization")).isFalse();
  }

  @Test
  void aPasswordGoesToTheTokenServerAndNotToTheRegistry() throws Exception {
    login("{\"auth\": \"dXNlcjpwYXNz\"}");
    assertThat(read()).containsExactly(2, 3);
    assertThat(tokens.requests().getFirst().header("Authorization"))
        .isEqualTo("Basic dXNlcjpwYXNz");
    assertThat(registry.requests())
        .noneMatch(request -> request.header("Authorization").startsWith("Basic"));
  }

  @Test
  void anIdentityTokenIsExchangedByPost() throws Exception {
    login("{\"identitytoken\": \"refresh+me\"}");
    assertThat(read()).containsExactly(2, 3);
    Request asked = tokens.requests().getFirst();
    assertThat(asked.method()).isEqualTo("POST");
    assertThat(asked.header("Content-Type")).startsWith("application/x-www-form-urlencoded");
    assertThat(new String(asked.body()))
        .contains("grant_type=refresh_token")
        .contains("refresh_token=refresh%2Bme")
        .contains("scope=repository%3Aa%2Fb%3Apull")
        .contains("service=reg%2Cistry");
  }

  @Test
  void aRegistryTokenIsSentAsItIs() throws Exception {
    valid.add("Bearer given");
    login("{\"registrytoken\": \"given\"}");
    assertThat(read()).containsExactly(2, 3);
    assertThat(tokens.requests()).isEmpty();
  }

  @Test
  void aTokenIsRenewedBeforeItExpires() throws Exception {
    lifetime = "1";
    read();
    int before = registry.requests().size();
    Deadline deadline = Deadline.in(Duration.ofSeconds(10));
    while (issued.get() < 3 && !deadline.passed()) {
      read();
    }
    assertThat(issued.get()).isGreaterThanOrEqualTo(3);
    assertThat(registry.requests().subList(before, registry.requests().size()))
        .allMatch(request -> valid.contains(request.header("Authorization")));
  }

  @Test
  void aTokenThatIsRefusedEarlyIsRenewed() throws Exception {
    read();
    valid.clear();
    assertThat(read()).containsExactly(2, 3);
    assertThat(issued).hasValue(2);
  }

  @Test
  void aMountAsksForBothRepositoriesAtOnce() throws Exception {
    Repository target = client.repository(registry.repository("a/b"));
    assertThat(target.mountBlob(DIGEST, registry.repository("other/source"))).isTrue();
    assertThat(decoded(tokens.requests().getFirst().target()))
        .contains("scope=repository:a/b:pull,push")
        .contains("scope=repository:other/source:pull");
  }

  @Test
  void manyThreadsFetchOneToken() throws Exception {
    List<Thread> threads = new ArrayList<>();
    AtomicInteger right = new AtomicInteger();
    for (int i = 0; i < 50; i++) {
      threads.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      if (read()[0] == 2) {
                        right.incrementAndGet();
                      }
                    } catch (Exception e) {
                      throw new AssertionError(e);
                    }
                  }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(right).hasValue(50);
    assertThat(issued).hasValue(1);
  }

  @Test
  void aRefusalSaysWhatToDoAndNoSecretEvenIfTheServerRepeatsIt() throws Exception {
    honest = false;
    for (String entry :
        List.of("{\"auth\": \"dXNlcjpwYXNzd29yZA==\"}", "{\"identitytoken\": \"refreshme\"}")) {
      login(entry);
      assertThatThrownBy(this::read)
          .isInstanceOf(UnauthorizedException.class)
          .hasMessageContaining("its token server " + tokens.url() + " answered 401 (denied")
          .hasMessageContaining("docker login " + registry.host())
          .message()
          .doesNotContain("password", "dXNlcjpwYXNzd29yZA", "refreshme");
    }
  }

  @Test
  void aTokenThatTheRegistryNeverAcceptsEndsTheCall() throws Exception {
    try (ScriptedServer stubborn =
        new ScriptedServer(
            _ ->
                Reply.of(401, "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"no\"}]}")
                    .with("WWW-Authenticate", "Bearer realm=\"" + tokens.url() + "/token\""))) {
      assertThatThrownBy(() -> client.repository(stubborn.repository("a")).manifest("latest"))
          .isInstanceOf(UnauthorizedException.class)
          .hasMessageContaining("answered 401 (DENIED: no)");
      assertThat(stubborn.requests()).hasSize(2);
    }
  }

  @Test
  void answersThatHoldNoTokenAreRefused() throws Exception {
    for (String answer : List.of("{}", "[]", "nonsense", "{\"token\":\"a b\"}", "")) {
      try (ScriptedServer broken = new ScriptedServer(_ -> Reply.of(200, answer));
          ScriptedServer asking =
              new ScriptedServer(
                  _ ->
                      Reply.of(401)
                          .with("WWW-Authenticate", "Bearer realm=\"" + broken.url() + "\""))) {
        assertThatThrownBy(() -> client.repository(asking.repository("a")).manifest("latest"))
            .isInstanceOf(RegistryRefusedException.class)
            .hasMessageContaining("its token server " + broken.url() + " answered with");
      }
    }
  }

  @Test
  void anEndlessTokenIsRefused() throws Exception {
    byte[] huge = ("{\"token\":\"" + "a".repeat(2 << 20) + "\"}").getBytes();
    try (ScriptedServer broken = new ScriptedServer(_ -> Reply.of(200, huge));
        ScriptedServer asking =
            new ScriptedServer(
                _ ->
                    Reply.of(401)
                        .with("WWW-Authenticate", "Bearer realm=\"" + broken.url() + "\""))) {
      assertThatThrownBy(() -> client.repository(asking.repository("a")).manifest("latest"))
          .isInstanceOf(RegistryRefusedException.class)
          .hasMessageContaining("more than 1048576 bytes");
    }
  }

  @Test
  void challengesThatNameNoUsableTokenServerAreRefused() throws Exception {
    for (String realm : List.of("", "file:///etc/passwd", "http://user:pw@127.0.0.1/")) {
      try (ScriptedServer asking =
          new ScriptedServer(
              _ -> Reply.of(401).with("WWW-Authenticate", "Bearer realm=\"" + realm + "\""))) {
        assertThatThrownBy(() -> client.repository(asking.repository("a")).manifest("latest"))
            .isInstanceOf(RegistryRefusedException.class)
            .hasMessageContaining("asks for a token from a server that can't be used")
            .message()
            .doesNotContain("pw@");
      }
    }
  }

  @Test
  void otherSchemesThanBasicAndBearerAreNamedAsTheCause() throws Exception {
    try (ScriptedServer asking =
        new ScriptedServer(_ -> Reply.of(401).with("WWW-Authenticate", "Negotiate"))) {
      assertThatThrownBy(() -> client.repository(asking.repository("a")).manifest("latest"))
          .isInstanceOf(UnauthorizedException.class)
          .hasMessageContaining("neither Basic nor Bearer");
    }
  }
}
