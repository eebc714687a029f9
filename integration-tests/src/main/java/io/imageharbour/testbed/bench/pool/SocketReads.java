package io.imageharbour.testbed.bench.pool;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.testbed.bench.pool.ReadFigures.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Asks {@link PingPong}, in a process of its own, over one socket. */
final class SocketReads implements Baseline {

  private final Process server;
  private final Socket socket;
  private final InputStream in;
  private final OutputStream out;
  private final byte[] answer = new byte[1 + (1 << 20)];

  private SocketReads(Process server, Socket socket) throws IOException {
    this.server = server;
    this.socket = socket;
    socket.setTcpNoDelay(true);
    in = socket.getInputStream();
    out = socket.getOutputStream();
  }

  static SocketReads open() throws IOException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.add(PingPong.class.getName());
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    Process server = builder.start();
    try {
      String port = server.inputReader(StandardCharsets.UTF_8).readLine();
      return new SocketReads(
          server, new Socket(InetAddress.getLoopbackAddress(), Integer.parseInt(port)));
    } catch (IOException | RuntimeException e) {
      server.destroyForcibly();
      throw e;
    }
  }

  @Override
  public ReadFigures measure(Contents contents, int inFlight) throws IOException {
    int size = contents.size();
    byte[] request = ByteBuffer.allocate(PingPong.REQUEST).putInt(PingPong.LENGTH_AT, size).array();
    Timings timings = new Timings(contents.reads());
    long[] sent = new long[inFlight];
    long begin = System.nanoTime();
    for (int i = 0; i < inFlight; i++) {
      sent[i] = System.nanoTime();
      out.write(request);
    }
    for (int i = 0; i < timings.capacity(); i++) {
      if (in.readNBytes(answer, 0, 1 + size) != 1 + size) {
        throw new HarbourException("the plain socket's other end has gone");
      }
      long now = System.nanoTime();
      timings.add(now - sent[i % inFlight]);
      if (i + inFlight < timings.capacity()) {
        sent[i % inFlight] = now;
        out.write(request);
      }
    }
    return timings.figures(Kind.BASELINE, size, inFlight, System.nanoTime() - begin);
  }

  @Override
  public void close() throws IOException, InterruptedException {
    socket.close();
    server.destroy();
    int unused = server.waitFor();
  }
}
