package io.imageharbour.pool.transport.tcp;

import io.imageharbour.pool.memory.Regions;
import io.imageharbour.pool.transport.Offer;
import io.imageharbour.pool.transport.Offer.TcpOffer;
import io.imageharbour.pool.transport.Sessions;
import io.imageharbour.pool.transport.Transport;
import io.imageharbour.pool.transport.TransportContract;
import io.imageharbour.pool.transport.TransportServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;

class TcpTransportTest extends TransportContract {

  @Override
  protected TransportServer serve(Regions regions, Sessions sessions) throws IOException {
    return new TcpServer(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
        Optional.empty(),
        regions,
        sessions);
  }

  @Override
  protected Transport connect() {
    return new TcpTransport(Optional.empty());
  }

  @Override
  protected Offer complete(Offer offer) {
    TcpOffer tcp = (TcpOffer) offer;
    return new TcpOffer("127.0.0.1", tcp.port(), tcp.ticket());
  }
}
