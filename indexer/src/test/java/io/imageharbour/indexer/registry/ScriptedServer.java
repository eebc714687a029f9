package io.imageharbour.indexer.registry;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/1.1 server on a raw socket, so that it can do what a well-behaved one would never do: cut
 * a body short, send it byte by byte, say one length and send another, say nothing at all.
 */
final class ScriptedServer implements AutoCloseable {

  private final ServerSocket socket;
  private final Handler handler;
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final Set<Socket> connections = ConcurrentHashMap.newKeySet();
  private final CountDownLatch closed = new CountDownLatch(1);

  /** What to answer. */
  @FunctionalInterface
  interface Handler {
    Reply answer(Request request) throws IOException, InterruptedException;
  }

  /**
   * A request that came.
   *
   * @param target path and query
   * @param headers by name in lower case
   * @param connection which of the server's connections it came over, from 1
   */
  record Request(
      String method, String target, Map<String, String> headers, byte[] body, int connection) {

    String header(String name) {
      return headers.getOrDefault(name.toLowerCase(Locale.ROOT), "");
    }

    boolean has(String name) {
      return headers.containsKey(name.toLowerCase(Locale.ROOT));
    }

    String path() {
      int query = target.indexOf('?');
      return query < 0 ? target : target.substring(0, query);
    }

    /** First and last position of a Range header. */
    long[] range(long size) {
      String[] ends = header("Range").replace("bytes=", "").split("-", -1);
      return new long[] {
        Long.parseLong(ends[0]), ends[1].isEmpty() ? size - 1 : Long.parseLong(ends[1])
      };
    }

    @Override
    public String toString() {
      return method + " " + target;
    }
  }

  /**
   * An answer.
   *
   * @param cutAfter how much of the body is sent before the connection is closed, -1 for all
   * @param pause before every byte of the head and the body; zero to send it all at once
   * @param atOnce how much of the body is sent with the head before the pauses begin, -1 for not
   *     even the head
   */
  record Reply(
      int status,
      Map<String, String> headers,
      byte[] body,
      int cutAfter,
      Duration pause,
      int atOnce) {

    static final int SILENCE = 0;
    static final int HANG_UP = -1;

    static Reply of(int status) {
      return new Reply(status, Map.of(), new byte[0], -1, Duration.ZERO, -1);
    }

    static Reply of(int status, byte[] body) {
      return of(status).withBody(body);
    }

    static Reply of(int status, String body) {
      return of(status, body.getBytes(StandardCharsets.UTF_8));
    }

    /** Accepts the request and never says anything. */
    static Reply silence() {
      return of(SILENCE);
    }

    /** Closes the connection. */
    static Reply hangUp() {
      return of(HANG_UP);
    }

    /** The part of a blob that a Range header asks for. */
    static Reply part(byte[] blob, Request request) {
      if (!request.has("Range")) {
        return of(200, blob);
      }
      long[] range = request.range(blob.length);
      byte[] part = new byte[(int) (range[1] - range[0] + 1)];
      System.arraycopy(blob, (int) range[0], part, 0, part.length);
      return of(206, part)
          .with("Content-Range", "bytes " + range[0] + "-" + range[1] + "/" + blob.length);
    }

    Reply with(String name, String value) {
      Map<String, String> more = new LinkedHashMap<>(headers);
      more.put(name, value);
      return new Reply(status, more, body, cutAfter, pause, atOnce);
    }

    Reply withBody(byte[] other) {
      return new Reply(status, headers, other, cutAfter, pause, atOnce);
    }

    Reply cutAfter(int bytes) {
      return new Reply(status, headers, body, bytes, pause, atOnce);
    }

    Reply slowly(Duration perByte) {
      return new Reply(status, headers, body, cutAfter, perByte, -1);
    }

    /** Sends the head and these many bytes of the body at once, and the rest byte by byte. */
    Reply slowlyAfter(int bytes, Duration perByte) {
      return new Reply(status, headers, body, cutAfter, perByte, bytes);
    }

    /** The same with a body whose length no header tells: it is sent as it is, chunks and all. */
    Reply chunked(String raw) {
      return withBody(raw.getBytes(StandardCharsets.ISO_8859_1))
          .with("Content-Length", "")
          .with("Transfer-Encoding", "chunked");
    }
  }

  ScriptedServer(Handler handler) throws IOException {
    this(0, handler);
  }

  ScriptedServer(int port, Handler handler) throws IOException {
    this.handler = handler;
    this.socket = new ServerSocket(port, 50, InetAddress.getByName("127.0.0.1"));
    Thread.ofVirtual().name("scripted-server").start(this::accept);
  }

  int port() {
    return socket.getLocalPort();
  }

  String host() {
    return "127.0.0.1:" + port();
  }

  String url() {
    return "http://" + host();
  }

  RepositoryName repository(String path) {
    return new RepositoryName(host(), path);
  }

  /** Every request so far. */
  List<Request> requests() {
    return requests;
  }

  private void accept() {
    int number = 0;
    while (!socket.isClosed()) {
      try {
        Socket connection = socket.accept();
        connections.add(connection);
        int id = ++number;
        Thread.ofVirtual().start(() -> serve(connection, id));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket connection, int id) {
    try (connection) {
      InputStream in = new BufferedInputStream(connection.getInputStream());
      Request request = read(in, id);
      while (request != null) {
        requests.add(request);
        if (!send(connection.getOutputStream(), request, handler.answer(request))) {
          return;
        }
        request = read(in, id);
      }
    } catch (SocketException e) {
      // The client may hang up whenever it likes.
    } catch (IOException | InterruptedException e) {
      throw new AssertionError("the scripted server failed", e);
    } finally {
      connections.remove(connection);
    }
  }

  private static @Nullable Request read(InputStream in, int connection) throws IOException {
    String start = line(in);
    if (start.isEmpty()) {
      return null;
    }
    String[] parts = start.split(" ", 3);
    Map<String, String> headers = new LinkedHashMap<>();
    for (String line = line(in); !line.isEmpty(); line = line(in)) {
      int colon = line.indexOf(':');
      headers.put(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
    int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
    return new Request(parts[0], parts[1], headers, in.readNBytes(length), connection);
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
      line.append((char) c);
    }
    return line.toString().strip();
  }

  /** False if the connection is to be closed. */
  private boolean send(OutputStream out, Request request, Reply reply)
      throws IOException, InterruptedException {
    if (reply.status() == Reply.HANG_UP) {
      return false;
    }
    if (reply.status() == Reply.SILENCE) {
      closed.await();
      return false;
    }
    List<String> head = new ArrayList<>();
    head.add("HTTP/1.1 " + reply.status() + " Scripted");
    reply.headers().forEach((name, value) -> head.add(name + ": " + value));
    boolean bodiless = request.method().equals("HEAD") || reply.status() == 204;
    if (!reply.headers().containsKey("Content-Length") && reply.status() != 204) {
      head.add("Content-Length: " + reply.body().length);
    }
    byte[] headBytes =
        (String.join("\r\n", head) + "\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1);
    byte[] body = bodiless ? new byte[0] : reply.body();
    int sent = reply.cutAfter() < 0 ? body.length : Math.min(body.length, reply.cutAfter());
    byte[] all = new byte[headBytes.length + sent];
    System.arraycopy(headBytes, 0, all, 0, headBytes.length);
    System.arraycopy(body, 0, all, headBytes.length, sent);
    int slow = reply.atOnce() < 0 ? 0 : headBytes.length + reply.atOnce();
    int begun = reply.pause().isZero() ? all.length : Math.min(slow, all.length);
    out.write(all, 0, begun);
    for (int i = begun; i < all.length; i++) {
      if (closed.await(reply.pause().toNanos(), TimeUnit.NANOSECONDS)) {
        return false;
      }
      out.write(all[i]);
    }
    out.flush();
    return reply.cutAfter() < 0;
  }

  @Override
  public void close() throws IOException {
    closed.countDown();
    socket.close();
    for (Socket connection : connections) {
      connection.close();
    }
  }
}
