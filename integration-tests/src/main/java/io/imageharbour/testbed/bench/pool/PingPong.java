package io.imageharbour.testbed.bench.pool;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/**
 * A program that answers requests of 16 bytes on one TCP connection, each with one byte and as many
 * more as its last four bytes say: what the pool's agent sends, with nothing behind it.
 */
final class PingPong {

  static final int REQUEST = 16;
  static final int LENGTH_AT = 12;

  private PingPong() {}

  /** Prints the port that it listens on. */
  public static void main(String[] arguments) throws IOException {
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      System.out.println(listener.getLocalPort());
      try (Socket socket = listener.accept()) {
        socket.setTcpNoDelay(true);
        answer(new DataInputStream(socket.getInputStream()), socket.getOutputStream());
      }
    }
  }

  private static void answer(DataInputStream in, OutputStream out) throws IOException {
    byte[] request = new byte[REQUEST];
    byte[] answer = new byte[1 + (1 << 20)];
    while (in.readNBytes(request, 0, REQUEST) == REQUEST) {
      int length =
          (request[LENGTH_AT] & 0xff) << 24
              | (request[LENGTH_AT + 1] & 0xff) << 16
              | (request[LENGTH_AT + 2] & 0xff) << 8
              | (request[LENGTH_AT + 3] & 0xff);
      out.write(answer, 0, 1 + length);
    }
  }
}
