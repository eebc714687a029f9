package io.imageharbour.pool.transport.tcp;

import io.imageharbour.pool.transport.BufferPool;
import io.imageharbour.pool.transport.Offer;
import io.imageharbour.pool.transport.Offer.TcpOffer;
import io.imageharbour.pool.transport.ReadChannel;
import io.imageharbour.pool.transport.Transport;
import io.imageharbour.pool.transport.TransportException;
import io.imageharbour.pool.transport.WriteChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLContext;

/** Reads the memory of an agent over TCP. */
public final class TcpTransport implements Transport {

  private final Optional<SSLContext> tls;

  /**
   * A transport.
   *
   * @param tls with the client's certificate and whom it trusts; empty for connections without TLS
   */
  public TcpTransport(Optional<SSLContext> tls) {
    this.tls = tls;
  }

  @Override
  public String name() {
    return "tcp";
  }

  @Override
  public boolean reaches(Offer offer) {
    return offer instanceof TcpOffer;
  }

  @Override
  public ReadChannel openForReading(Offer offer, Map<Integer, Long> sizes, Duration patience)
      throws IOException {
    Connection connection = open(offer, Frames.READ, patience);
    try {
      return new TcpReads(connection, sizes, new BufferPool());
    } catch (IOException | RuntimeException | Error e) {
      connection.close();
      throw e;
    }
  }

  @Override
  public WriteChannel openForWriting(Offer offer, long stagingSize, Duration patience)
      throws IOException {
    return new TcpWrites(open(offer, Frames.WRITE, patience));
  }

  @Override
  public void close() {}

  private Connection open(Offer offer, byte purpose, Duration patience) throws IOException {
    TcpOffer tcp = (TcpOffer) offer;
    Socket socket = new Socket();
    // a timeout of the socket begins anew with each byte of a handshake
    CompletableFuture<Void> introduced = Connection.closeUnlessDone(socket, patience);
    try {
      socket.setTcpNoDelay(true);
      socket.setKeepAlive(true);
      socket.setSoTimeout(Connection.millis(patience));
      socket.connect(new InetSocketAddress(tcp.host(), tcp.port()), Connection.millis(patience));
      Connection connection = Connection.ofClient(socket, tcp.host(), tls);
      connection
          .out()
          .write(
              ByteBuffer.allocate(Frames.HELLO)
                  .putInt(Frames.MAGIC)
                  .put(purpose)
                  .put(tcp.ticket().toBytes())
                  .array());
      if (connection.in().read() != Frames.OK) {
        throw new TransportException("the agent does not know the ticket any more");
      }
      connection.setPatience(Duration.ZERO);
      return connection;
    } catch (IOException | RuntimeException | Error e) {
      socket.close();
      throw e;
    } finally {
      introduced.complete(null);
    }
  }
}
