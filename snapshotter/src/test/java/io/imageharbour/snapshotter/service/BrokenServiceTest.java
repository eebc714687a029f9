package io.imageharbour.snapshotter.service;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.imageharbour.snapshotter.mounts.Snapshotter;
import io.imageharbour.snapshotter.proto.snapshots.ListSnapshotsRequest;
import io.imageharbour.snapshotter.proto.snapshots.RemoveSnapshotRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** A service that runs into a bug of ours, here into one for every call: it has no snapshotter. */
class BrokenServiceTest {

  @SuppressWarnings("NullAway")
  private static final Snapshotter NONE = null;

  private final SnapshotsService service = new SnapshotsService(NONE);
  private final Logger logger = (Logger) LoggerFactory.getLogger(SnapshotsService.class);
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();

  @BeforeEach
  void listen() {
    log.start();
    logger.addAppender(log);
  }

  @AfterEach
  void stopListening() {
    logger.detachAppender(log);
  }

  @Test
  void aBugIsAnInternalErrorForTheClientAndAStackTraceInTheLog() {
    checkBug(
        response ->
            service.remove(
                RemoveSnapshotRequest.newBuilder().setKey("k").build(), new Answer<>(response)));
    checkBug(
        response ->
            service.list(ListSnapshotsRequest.getDefaultInstance(), new Answer<>(response)));
  }

  private void checkBug(Consumer<List<Throwable>> call) {
    log.list.clear();
    List<Throwable> answers = new ArrayList<>();
    call.accept(answers);
    assertThat(answers).hasSize(1);
    Status status = Status.fromThrowable(answers.getFirst());
    assertThat(status.getCode()).isEqualTo(Status.Code.INTERNAL);
    assertThat(status.getDescription()).contains("NullPointerException").hasLineCount(1);
    assertThat(log.list)
        .singleElement()
        .satisfies(
            event -> {
              assertThat(event.getLevel()).isEqualTo(Level.ERROR);
              assertThat(event.getFormattedMessage()).startsWith("event=bug call=");
              assertThat(event.getThrowableProxy().getClassName()).endsWith("NullPointerException");
            });
  }

  /** Keeps the errors; there is nothing else to expect. */
  private record Answer<T>(List<Throwable> errors) implements StreamObserver<T> {

    @Override
    public void onNext(T value) {
      throw new AssertionError(value);
    }

    @Override
    public void onError(Throwable error) {
      errors.add(error);
    }

    @Override
    public void onCompleted() {
      throw new AssertionError("completed");
    }
  }
}
