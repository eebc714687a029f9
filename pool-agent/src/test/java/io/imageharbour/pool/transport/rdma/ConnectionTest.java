package io.imageharbour.pool.transport.rdma;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.pool.transport.Offer.RdmaOffer;
import io.imageharbour.pool.transport.Ticket;
import io.imageharbour.pool.transport.TransportException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is refused before any device is asked. */
final class ConnectionTest {

  @ParameterizedTest
  @ValueSource(strings = {"agent.example", "", "300.1.1.1", "::1", "10.0.0.1:80"})
  void whatIsNoIpv4AddressIsRefusedAndNotLookedUp(String address) {
    RdmaOffer offer = new RdmaOffer(List.of(address), 1, Ticket.issue(1), Map.of());
    assertThatThrownBy(() -> open(offer))
        .isInstanceOf(TransportException.class)
        .hasMessageContaining("no IPv4 address");
  }

  @Test
  void anOfferWithoutAddressesIsRefused() {
    RdmaOffer offer = new RdmaOffer(List.of(), 1, Ticket.issue(1), Map.of());
    assertThatThrownBy(() -> open(offer))
        .isInstanceOf(TransportException.class)
        .hasMessageContaining("no address");
  }

  private static void open(RdmaOffer offer) throws Exception {
    Connection.open(offer, Messages.READ, MemorySegment.NULL, 1, Duration.ofSeconds(1)).release();
  }
}
