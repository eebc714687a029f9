package io.imageharbour.fusefs.tree;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.fusefs.kernel.FuseProtocol;
import io.imageharbour.fusefs.tree.SlowRequests.Interrupt;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SlowRequestsTest {

  private static final int LENGTH = 56;

  private final Set<Integer> killed = new HashSet<>();
  private final SlowRequests requests = new SlowRequests(2, 3, killed::contains);
  private final MemorySegment buffer =
      Arena.ofAuto().allocate(FuseProtocol.MIN_READ_BUFFER, Long.BYTES);

  @Test
  void thoseThatComeWhenEnoughAreAnsweredFollowInTheirOrder() {
    assertThat(requests.begin(request(1))).isTrue();
    assertThat(requests.begin(request(2))).isTrue();
    assertThat(requests.begin(request(3))).isFalse();
    assertThat(requests.begin(request(4))).isFalse();

    assertThat(requests.next(2, buffer)).isEqualTo(LENGTH);
    assertThat(SlowRequests.unique(buffer)).isEqualTo(3);
    assertThat(requests.next(1, buffer)).isEqualTo(LENGTH);
    assertThat(SlowRequests.unique(buffer)).isEqualTo(4);
    assertThat(requests.next(3, buffer)).isZero();
    assertThat(requests.begin(request(5))).isTrue();
  }

  @Test
  void whoeverBringsTooManyWaitsUntilOneHasEnded() throws Exception {
    for (int i = 1; i <= 5; i++) {
      assertThat(requests.begin(request(i))).isEqualTo(i <= 2);
    }
    MemorySegment another = request(1000);
    Thread bringing = Thread.ofPlatform().start(() -> requests.begin(another));
    while (bringing.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    assertThat(requests.next(1, buffer)).isEqualTo(LENGTH);
    assertThat(bringing.join(Duration.ofSeconds(10))).isTrue();
  }

  @Test
  void anInterruptIsForTheThreadThatAnswersTheRequestOfWhoWasKilledAndForNoOther() {
    assertThat(requests.interrupt(1, buffer)).isEqualTo(Interrupt.REPEAT);
    requests.begin(request(1));
    assertThat(requests.interrupt(1, buffer)).isEqualTo(Interrupt.NOTHING);
    assertThat(Thread.currentThread().isInterrupted()).isFalse();

    killed.add(101);
    assertThat(requests.interrupt(1, buffer)).isEqualTo(Interrupt.NOTHING);
    assertThat(Thread.currentThread().isInterrupted()).isTrue();
    // what comes too late is not for the next one
    assertThat(requests.next(1, buffer)).isZero();
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
  }

  @Test
  void aHeldRequestOfWhoWasKilledIsGivenBack() {
    for (int i = 1; i <= 4; i++) {
      requests.begin(request(i));
    }
    assertThat(requests.interrupt(4, buffer)).isEqualTo(Interrupt.NOTHING);
    killed.add(104);
    assertThat(requests.interrupt(4, buffer)).isEqualTo(Interrupt.ANSWER);
    assertThat(SlowRequests.unique(buffer)).isEqualTo(4);
    assertThat(requests.next(1, buffer)).isEqualTo(LENGTH);
    assertThat(SlowRequests.unique(buffer)).isEqualTo(3);
    assertThat(requests.next(3, buffer)).isZero();
  }

  @Test
  void atTheEndAllAreInterruptedAndNoneIsTaken() {
    for (int i = 1; i <= 3; i++) {
      requests.begin(request(i));
    }
    requests.end();
    assertThat(Thread.interrupted()).isTrue();
    assertThat(requests.next(1, buffer)).isZero();
    assertThat(requests.begin(request(5))).isFalse();
    assertThat(requests.interrupt(5, buffer)).isEqualTo(Interrupt.NOTHING);
  }

  private static MemorySegment request(int unique) {
    MemorySegment request = Arena.ofAuto().allocate(LENGTH, Long.BYTES);
    request.set(ValueLayout.JAVA_INT, 0, LENGTH);
    request.set(
        ValueLayout.JAVA_LONG, FuseProtocol.offset(FuseProtocol.IN_HEADER, "unique"), unique);
    request.set(
        ValueLayout.JAVA_INT, FuseProtocol.offset(FuseProtocol.IN_HEADER, "pid"), 100 + unique);
    return request;
  }
}
