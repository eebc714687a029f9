package io.imageharbour.it;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.testbed.Await;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * The streams of a command that runs in a container, as the kubelet and {@code kubectl exec} have
 * them: a web socket of the subprotocol {@code v4.channel.k8s.io}, each message of which begins
 * with the number of its stream.
 */
final class CommandStreams implements AutoCloseable {

  private static final Duration LIMIT = Duration.ofSeconds(30);

  /** The streams, in the order of their numbers; the status comes last, as JSON. */
  private enum Stream {
    INPUT,
    OUTPUT,
    ERRORS,
    STATUS
  }

  private final HttpClient client = HttpClient.newHttpClient();
  private final ByteArrayOutputStream[] received =
      new ByteArrayOutputStream[Stream.values().length];
  private final CompletableFuture<Integer> ended = new CompletableFuture<>();
  private final WebSocket socket;

  private CommandStreams(URI uri) {
    for (Stream stream : Stream.values()) {
      received[stream.ordinal()] = new ByteArrayOutputStream();
    }
    socket =
        client
            .newWebSocketBuilder()
            .subprotocols("v4.channel.k8s.io")
            .connectTimeout(LIMIT)
            .buildAsync(uri, new Receiver())
            .join();
  }

  /**
   * Starts the command.
   *
   * @param url what {@code Exec} of the Container Runtime Interface has answered
   */
  static CommandStreams open(String url) {
    return new CommandStreams(URI.create(url.replaceFirst("^http", "ws")));
  }

  /** Sends a line to its input. */
  void writeLine(String line) {
    byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
    ByteBuffer message = ByteBuffer.allocate(bytes.length + 1);
    socket
        .sendBinary(message.put((byte) Stream.INPUT.ordinal()).put(bytes).flip(), true)
        .orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS)
        .join();
  }

  /** Waits until a line, of which this is a part, has come from its output. */
  void awaitOutput(String part) throws IOException, InterruptedException {
    await(Stream.OUTPUT, part);
  }

  /** Waits until a line, of which this is a part, has come from its error output. */
  void awaitErrors(String part) throws IOException, InterruptedException {
    await(Stream.ERRORS, part);
  }

  private void await(Stream stream, String part) throws IOException, InterruptedException {
    Await.until(
        "'%s' from the %s of a command".formatted(part, stream.name().toLowerCase(Locale.ROOT)),
        LIMIT,
        () -> text(stream).lines().anyMatch(line -> line.contains(part)));
  }

  /** Waits for its end; answers what the runtime says of it. */
  JsonNode status() throws IOException {
    ended.orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS).join();
    return new ObjectMapper().readTree(text(Stream.STATUS));
  }

  private String text(Stream stream) {
    synchronized (received) {
      return received[stream.ordinal()].toString(StandardCharsets.UTF_8);
    }
  }

  @Override
  public void close() {
    socket.abort();
    client.close();
  }

  /**
   * Sorts what comes by its streams; a message may come in parts, and only the first is numbered.
   */
  private final class Receiver implements WebSocket.Listener {

    private int number = -1;

    @Override
    public CompletionStage<?> onBinary(WebSocket from, ByteBuffer data, boolean last) {
      if (number < 0 && data.hasRemaining()) {
        number = data.get();
      }
      byte[] bytes = new byte[data.remaining()];
      data.get(bytes);
      if (bytes.length > 0) {
        synchronized (received) {
          received[number].writeBytes(bytes);
        }
      }
      if (last) {
        number = -1;
      }
      from.request(1);
      return CompletableFuture.completedStage(number);
    }

    @Override
    public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
      ended.complete(code);
      return CompletableFuture.completedStage(code);
    }

    @Override
    public void onError(WebSocket from, Throwable error) {
      ended.completeExceptionally(error);
    }
  }
}
