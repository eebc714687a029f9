package io.imageharbour.fusefs.mount;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.fusefs.Waiting;
import io.imageharbour.fusefs.kernel.FuseReply;
import io.imageharbour.fusefs.kernel.Replies;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class WaitingRequestsTest {

  private final Replies replies = new Replies();

  @Test
  void aRequestThatEndsWithAnErrorIsAnswered() throws Exception {
    try (WaitingRequests requests = new WaitingRequests(1)) {
      for (int i = 0; i < 3; i++) {
        FuseReply reply = replies.next();
        requests.start(
            reply,
            () -> {
              throw new OutOfMemoryError("made up");
            });
        Waiting.until("it is answered", reply::isAnswered);
      }
    }
  }

  @Test
  void aRequestForWhichThereIsNoThreadLeavesRoomForTheNext() throws Exception {
    FuseReply refused = replies.next();
    FuseReply next = replies.next();
    boolean[] isFull = {true};
    try (WaitingRequests requests =
        new WaitingRequests(
            1,
            Executors.newCachedThreadPool(
                task -> {
                  if (isFull[0]) {
                    throw new OutOfMemoryError("unable to create native thread");
                  }
                  return Thread.ofPlatform().daemon().unstarted(task);
                }))) {
      assertThatThrownBy(() -> requests.start(refused, refused::done))
          .isInstanceOf(OutOfMemoryError.class);
      assertThat(refused.isAnswered()).isFalse();
      isFull[0] = false;
      requests.start(next, next::done);
      Waiting.until("the next is answered", next::isAnswered);
    }
  }
}
