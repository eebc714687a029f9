package io.imageharbour.pool.transport.rdma;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.pool.transport.Offer.RemoteRegion;
import io.imageharbour.pool.transport.Ticket;
import java.util.Arrays;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;

/** What the two ends tell each other while they connect. */
final class MessagesTest {

  @Property
  void anAnswerIsReadAsItWasWrittenWhateverZerosFollow(
      @ForAll long address, @ForAll int key, @ForAll long size) {
    RemoteRegion staging = new RemoteRegion(address, key, size);
    byte[] sent = Arrays.copyOf(Messages.answer(staging), 196);
    assertThat(Messages.answer(sent)).contains(staging);
  }

  @Example
  void aRequestIsReadAsItWasWrittenAndHasRoomInTheNetworksMessages() {
    Ticket ticket = Ticket.issue(77);
    byte[] request = Messages.request(Messages.WRITE, ticket);
    assertThat(request).hasSizeLessThanOrEqualTo(56);
    assertThat(Messages.request(Arrays.copyOf(request, 56)))
        .contains(new Messages.Request(Messages.WRITE, ticket));
  }

  @Property
  void bytesThatAreNoMessageAreNone(@ForAll @Size(max = 255) byte[] bytes) {
    assertThat(Messages.request(bytes)).isEmpty();
    assertThat(Messages.answer(bytes)).isEmpty();
  }

  @Example
  void aRequestForSomethingElseOrCutOffIsNone() {
    byte[] request = Messages.request(Messages.READ, Ticket.issue(77));
    assertThat(Messages.request(Arrays.copyOf(request, request.length - 1))).isEmpty();
    request[4] = 3;
    assertThat(Messages.request(request)).isEmpty();
    byte[] answer = Messages.answer(Messages.NO_STAGING);
    assertThat(Messages.answer(Arrays.copyOf(answer, answer.length - 1))).isEmpty();
  }
}
