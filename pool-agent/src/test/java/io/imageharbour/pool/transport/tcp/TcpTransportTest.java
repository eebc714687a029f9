package io.imageharbour.pool.transport.tcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.pool.memory.Region;
import io.imageharbour.pool.memory.Regions;
import io.imageharbour.pool.memory.Span;
import io.imageharbour.pool.transport.MemoryGoneException;
import io.imageharbour.pool.transport.Offer;
import io.imageharbour.pool.transport.Offer.TcpOffer;
import io.imageharbour.pool.transport.ReadChannel;
import io.imageharbour.pool.transport.Sessions;
import io.imageharbour.pool.transport.Transport;
import io.imageharbour.pool.transport.TransportContract;
import io.imageharbour.pool.transport.TransportServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;

class TcpTransportTest extends TransportContract {

  /** What both sides set TLS up with, if they do. */
  protected Optional<SSLContext> tls() {
    return Optional.empty();
  }

  @Override
  protected TransportServer serve(Regions regions, Sessions sessions) throws IOException {
    return new TcpServer(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), tls(), regions, sessions);
  }

  @Override
  protected Transport connect() {
    return new TcpTransport(tls());
  }

  @Override
  protected Offer complete(Offer offer) {
    TcpOffer tcp = (TcpOffer) offer;
    return new TcpOffer("127.0.0.1", tcp.port(), tcp.ticket());
  }

  @Test
  void aRegionThatWentIsRefusedAndTheChannelGoesOn() throws Exception {
    Region region = regions().find(1).orElseThrow();
    try (ReadChannel channel = open(session(1))) {
      regions().remove(region);
      assertThatThrownBy(() -> read(channel, new Span(1, 0, 1 << 20)))
          .isInstanceOf(MemoryGoneException.class);
      Span other = new Span(Region.TABLE, 0, 100);
      assertThat(read(channel, other)).isEqualTo(bytes(other));
    }
  }

  @Test
  void aRegionThatGoesAtThisMomentIsRefusedAndTheChannelGoesOn() throws Exception {
    Region region = regions().find(1).orElseThrow();
    try (ReadChannel channel = open(session(1))) {
      region.memory().close();
      assertThatThrownBy(() -> read(channel, new Span(1, 0, 1 << 20)))
          .isInstanceOf(MemoryGoneException.class);
      Span other = new Span(Region.TABLE, 0, 100);
      assertThat(read(channel, other)).isEqualTo(bytes(other));
    }
  }
}
