package io.imageharbour.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** The log configurations that harbourctl and harbourd are shipped with, at the finest level. */
class SecretsInLogsTest {

  private static final String OURS = "io/imageharbour/cli/logging.xml";
  private static final String CREDENTIALS =
      Base64.getEncoder().encodeToString("user:secret".getBytes(StandardCharsets.UTF_8));

  private final LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();

  @AfterEach
  void logAsBefore() throws Exception {
    configure(OURS);
  }

  @ParameterizedTest
  @ValueSource(strings = {OURS, "io/imageharbour/pool/process/logback.xml"})
  void noLevelShowsThePasswordThatIsSent(String configuration, @TempDir Path work)
      throws Exception {
    List<String> sent = new CopyOnWriteArrayList<>();
    HttpServer registry = registryThatWantsAPassword(sent);
    String host = "127.0.0.1:" + registry.getAddress().getPort();
    Files.writeString(
        work.resolve("config.json"),
        "{\"auths\": {\"%s\": {\"auth\": \"%s\"}}}".formatted(host, CREDENTIALS));
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    configure(configuration);
    context.getLogger("ROOT").setLevel(Level.ALL);
    context.getLogger("io.imageharbour").setLevel(Level.ALL);
    context.getLogger("ROOT").addAppender(log);
    log.start();

    Invocation result =
        Invocation.of("-v", "inspect", "--docker-config", work.toString(), host + "/a");
    registry.stop(0);

    assertThat(sent).contains("Basic " + CREDENTIALS);
    assertThat(result.exitCode()).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(log.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .anyMatch(line -> line.contains("registry-host-declined"))
        .noneMatch(line -> line.contains(CREDENTIALS) || line.contains("secret"));
  }

  private void configure(String configuration) throws Exception {
    context.reset();
    JoranConfigurator configurator = new JoranConfigurator();
    configurator.setContext(context);
    configurator.doConfigure(
        Objects.requireNonNull(getClass().getClassLoader().getResource(configuration)));
  }

  /** It has no image for those who know the password. */
  private static HttpServer registryThatWantsAPassword(List<String> sent) throws Exception {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          String authorization = exchange.getRequestHeaders().getFirst("Authorization");
          sent.add(String.valueOf(authorization));
          exchange.getResponseHeaders().set("WWW-Authenticate", "Basic realm=\"test\"");
          exchange.sendResponseHeaders(authorization == null ? 401 : 404, -1);
          exchange.close();
        });
    server.start();
    return server;
  }
}
