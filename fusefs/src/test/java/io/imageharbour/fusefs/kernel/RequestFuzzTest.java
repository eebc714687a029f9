package io.imageharbour.fusefs.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.imageharbour.fusefs.linux.LinuxException;
import io.imageharbour.fusefs.linux.OpenFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.slf4j.LoggerFactory;

class RequestFuzzTest {

  private static final Logger LOG = (Logger) LoggerFactory.getLogger(FuseSession.class);

  @Property
  void noBytesCrashTheLoop(@ForAll byte[] bytes) throws Exception {
    assertThat(dispatch(bytes)).isEmpty();
  }

  @Property(tries = 5000)
  void noArgumentsCrashTheLoop(@ForAll("requests") byte[] request) throws Exception {
    assertThat(dispatch(request)).isEmpty();
  }

  @Property
  void whatIsParsedLiesWithinItsLimits(@ForAll("requests") byte[] bytes) {
    MemorySegment request = segment(bytes);
    try {
      RequestParser.checkHeader(request);
      switch (RequestParser.parse(request)) {
        case FuseRequest.Read read -> {
          assertThat(read.offset()).isNotNegative();
          assertThat(read.size()).isBetween(0, FuseConnection.MAX_READ);
        }
        case FuseRequest.Lookup lookup -> assertThat(lookup.name().byteSize()).isBetween(1L, 1024L);
        case FuseRequest.Unsupported other ->
            assertThat(other.operation()).isEqualTo(RequestParser.operation(request));
        default -> assertThat(bytes.length).isGreaterThanOrEqualTo(40);
      }
    } catch (MalformedRequestException e) {
      assertThat(e).hasMessageMatching("(?s).+");
    }
  }

  @Example
  void aHandlerThatFailsCostsOneRequest() throws Exception {
    List<FuseRequest> handled = new ArrayList<>();
    List<String> failures =
        dispatch(
            request(FuseProtocol.GETATTR, new byte[16]),
            (request, reply) -> {
              handled.add(request);
              throw new IllegalStateException("a bug");
            });
    assertThat(handled).containsExactly(new FuseRequest.GetAttributes(42));
    assertThat(failures).containsExactly("event=request-failed operation=3");
  }

  @Example
  void anErrorInAHandlerCostsOneRequestToo() throws Exception {
    List<FuseReply> replies = new ArrayList<>();
    dispatch(
        request(FuseProtocol.GETATTR, new byte[16]),
        (request, reply) -> {
          replies.add(reply);
          throw new OutOfMemoryError("made up");
        });
    assertThat(replies).singleElement().matches(FuseReply::isAnswered);
  }

  @Example
  void aLookupHasItsNameWithoutTheNul() throws Exception {
    byte[] name = "name\0".getBytes(StandardCharsets.US_ASCII);
    FuseRequest parsed = RequestParser.parse(segment(request(FuseProtocol.LOOKUP, name)));
    assertThat(parsed)
        .isInstanceOfSatisfying(
            FuseRequest.Lookup.class,
            lookup -> {
              assertThat(lookup.parent()).isEqualTo(42);
              assertThat(lookup.name().toArray(ValueLayout.JAVA_BYTE))
                  .asString(StandardCharsets.US_ASCII)
                  .isEqualTo("name");
            });
    assertThatThrownBy(
            () -> RequestParser.parse(segment(request(FuseProtocol.LOOKUP, new byte[] {'x'}))))
        .isInstanceOf(MalformedRequestException.class);
  }

  @Example
  void structuresHaveTheSizesOfTheKernel() {
    assertThat(FuseProtocol.IN_HEADER.byteSize()).isEqualTo(40);
    assertThat(FuseProtocol.OUT_HEADER.byteSize()).isEqualTo(16);
    assertThat(FuseProtocol.INIT_IN.byteSize()).isEqualTo(64);
    assertThat(FuseProtocol.INIT_OUT.byteSize()).isEqualTo(64);
    assertThat(FuseProtocol.ATTR.byteSize()).isEqualTo(88);
    assertThat(FuseProtocol.ENTRY_OUT.byteSize()).isEqualTo(128);
    assertThat(FuseProtocol.ATTR_OUT.byteSize()).isEqualTo(104);
    assertThat(FuseProtocol.OPEN_OUT.byteSize()).isEqualTo(16);
    assertThat(FuseProtocol.READ_IN.byteSize()).isEqualTo(40);
    assertThat(FuseProtocol.RELEASE_IN.byteSize()).isEqualTo(24);
    assertThat(FuseProtocol.STATFS_OUT.byteSize()).isEqualTo(80);
    assertThat(FuseProtocol.DIRENT.byteSize()).isEqualTo(24);
    assertThat(FuseProtocol.BACKING_MAP.byteSize()).isEqualTo(16);
  }

  @Provide
  Arbitrary<byte[]> requests() {
    Arbitrary<Integer> operations =
        Arbitraries.frequencyOf(
            Tuple.of(9, Arbitraries.integers().between(0, 60)),
            Tuple.of(1, Arbitraries.integers()));
    Arbitrary<byte[]> bodies = Arbitraries.bytes().array(byte[].class).ofMaxSize(64);
    return Combinators.combine(operations, bodies).as(RequestFuzzTest::request);
  }

  private static List<String> dispatch(byte[] bytes) throws LinuxException {
    return dispatch(
        bytes,
        (request, reply) -> {
          if (!(request instanceof FuseRequest.Forget)) {
            reply.done();
          }
        });
  }

  /**
   * Dispatches to a session whose other end takes every answer, and answers what it logged of
   * failures of its own; that a request was malformed is none.
   */
  private static List<String> dispatch(byte[] bytes, RequestHandler handler) throws LinuxException {
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    LOG.addAppender(log);
    try (OpenFile sink = OpenFile.open(Path.of("/dev/null"), OpenFile.O_RDWR)) {
      FuseConnection connection = FuseConnection.takeOver(sink, new Negotiated(40, 0));
      FuseSession.start(connection, 0, handler).dispatch(segment(bytes));
    } finally {
      LOG.detachAppender(log);
    }
    return log.list.stream()
        .map(ILoggingEvent::getFormattedMessage)
        .filter(line -> !line.startsWith("event=malformed-request "))
        .toList();
  }

  private static byte[] request(int operation, byte[] body) {
    ByteBuffer request = ByteBuffer.allocate(40 + body.length).order(ByteOrder.nativeOrder());
    request.putInt(request.capacity()).putInt(operation).putLong(7).putLong(42);
    request.position(40);
    return request.put(body).array();
  }

  private static MemorySegment segment(byte[] bytes) {
    return Arena.ofAuto()
        .allocate(Math.max(1, bytes.length), Long.BYTES)
        .asSlice(0, bytes.length)
        .copyFrom(MemorySegment.ofArray(bytes));
  }
}
