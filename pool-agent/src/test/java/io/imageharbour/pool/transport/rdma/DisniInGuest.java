package io.imageharbour.pool.transport.rdma;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.ibm.disni.verbs.IbvMr;
import com.ibm.disni.verbs.IbvSendWR;
import com.ibm.disni.verbs.RdmaCmEvent.EventType;
import com.ibm.disni.verbs.impl.NatIbvPd;
import com.ibm.disni.verbs.impl.NatIbvQP;
import com.ibm.disni.verbs.impl.NativeDispatcher;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Constructor;
import java.net.InetAddress;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * DiSNI on our native library over a real RDMA stack: two ends of a connection in one process. Runs
 * where there is a device, in the guest of {@code integration-tests}; its name keeps Surefire off.
 */
@Timeout(120)
final class DisniInGuest {

  private static final int SUCCESS = 0;
  private static final int FLUSHED = 5;
  private static final int REMOTE_ACCESS_ERROR = 10;

  private static final int READABLE =
      IbvMr.IBV_ACCESS_LOCAL_WRITE | IbvMr.IBV_ACCESS_REMOTE_READ | IbvMr.IBV_ACCESS_REMOTE_WRITE;

  private final Arena arena = Arena.ofShared();
  private final VerbsPair pair;
  private final VerbsEnd client;
  private final VerbsEnd server;

  DisniInGuest() throws IOException {
    pair = VerbsPair.connect(InetAddress.getByName(System.getProperty("harbour.rdma.address")));
    client = pair.client();
    server = pair.server();
  }

  @BeforeEach
  void areConnected() throws IOException {
    assertThat(client.id().getDestination()).isEqualTo(server.id().getSource());
    assertThat(client.qp().getQp_num()).isNotEqualTo(server.qp().getQp_num());
  }

  @AfterEach
  void close() throws Exception {
    pair.close();
    arena.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {64, 4096, 65_536, 1 << 20})
  void readsWhatLiesInTheOtherEndsMemory(int length) throws Exception {
    MemorySegment there = random(length);
    MemorySegment here = arena.allocate(length);
    IbvMr remote = server.register(there, READABLE);
    IbvMr local = client.register(here, IbvMr.IBV_ACCESS_LOCAL_WRITE);

    int status =
        client.perform(IbvSendWR.IBV_WR_RDMA_READ, local, length, remote, remote.getRkey());

    assertThat(status).isEqualTo(SUCCESS);
    assertThat(here.mismatch(there)).isEqualTo(-1);
  }

  @ParameterizedTest
  @ValueSource(ints = {64, 4096, 65_536, 1 << 20})
  void writesIntoTheOtherEndsMemory(int length) throws Exception {
    MemorySegment there = arena.allocate(length);
    MemorySegment here = random(length);
    IbvMr remote = server.register(there, READABLE);
    IbvMr local = client.register(here, IbvMr.IBV_ACCESS_LOCAL_WRITE);

    int status =
        client.perform(IbvSendWR.IBV_WR_RDMA_WRITE, local, length, remote, remote.getRkey());

    assertThat(status).isEqualTo(SUCCESS);
    assertThat(there.mismatch(here)).isEqualTo(-1);
  }

  @Test
  void aWrongKeyIsRefusedAndEndsTheConnection() throws Exception {
    IbvMr remote = server.register(random(4096), READABLE);
    MemorySegment here = arena.allocate(4096);
    IbvMr local = client.register(here, IbvMr.IBV_ACCESS_LOCAL_WRITE);

    int wrongKey = remote.getRkey() ^ 0x100;
    assertThat(client.perform(IbvSendWR.IBV_WR_RDMA_READ, local, 4096, remote, wrongKey))
        .isEqualTo(REMOTE_ACCESS_ERROR);

    assertThat(client.perform(IbvSendWR.IBV_WR_RDMA_READ, local, 4096, remote, remote.getRkey()))
        .isEqualTo(FLUSHED);
    assertThat(here.mismatch(arena.allocate(4096))).isEqualTo(-1);
  }

  @Test
  void memoryThatIsReadableOnlyIsNotWritten() throws Exception {
    MemorySegment there = random(64);
    IbvMr remote = server.register(there, IbvMr.IBV_ACCESS_REMOTE_READ);
    byte[] before = there.toArray(ValueLayout.JAVA_BYTE);
    IbvMr local = client.register(random(64), IbvMr.IBV_ACCESS_LOCAL_WRITE);

    assertThat(client.perform(IbvSendWR.IBV_WR_RDMA_WRITE, local, 64, remote, remote.getRkey()))
        .isEqualTo(REMOTE_ACCESS_ERROR);
    assertThat(there.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(before);
  }

  @Test
  void aDeregisteredRegionIsNotReadAnyMore() throws Exception {
    IbvMr remote = server.register(random(64), READABLE);
    IbvMr local = client.register(arena.allocate(64), IbvMr.IBV_ACCESS_LOCAL_WRITE);
    int key = remote.getRkey();
    server.deregister(remote);

    assertThat(client.perform(IbvSendWR.IBV_WR_RDMA_READ, local, 64, remote, key))
        .isEqualTo(REMOTE_ACCESS_ERROR);
  }

  @Test
  void aWaiterOnTheCompletionChannelIsWoken() throws Exception {
    IbvMr remote = server.register(random(64), READABLE);
    IbvMr local = client.register(arena.allocate(64), IbvMr.IBV_ACCESS_LOCAL_WRITE);
    assertThat(client.awaitCompletionEvent(0)).isFalse();

    client.requestNotification();
    client.post(IbvSendWR.IBV_WR_RDMA_READ, local, 64, remote, remote.getRkey());

    assertThat(client.awaitCompletionEvent(20_000)).isTrue();
    assertThat(client.awaitCompletion()).isEqualTo(SUCCESS);
  }

  @Test
  void bothEndsLearnOfADisconnect() throws Exception {
    client.id().disconnect();
    assertThat(server.nextEvent()).isEqualTo(EventType.RDMA_CM_EVENT_DISCONNECTED);
    server.id().disconnect();
    assertThat(client.nextEvent()).isEqualTo(EventType.RDMA_CM_EVENT_DISCONNECTED);
  }

  @Test
  void aClosedQueuePairIsRefusedThoughDisniWouldUseIt() throws Exception {
    long number = ((NatIbvQP) client.qp()).getObjId();
    assertThat(qpNumber(number)).isEqualTo(client.qp().getQp_num());

    assertThat(client.id().destroyQP()).isZero();

    assertThatThrownBy(() -> qpNumber(number))
        .hasRootCauseExactlyInstanceOf(IOException.class)
        .hasRootCauseMessage("closed or unknown queue pair");
  }

  @Test
  void aProtectionDomainInUseStays() throws Exception {
    client.register(random(64), READABLE);
    NatIbvPd domain = (NatIbvPd) client.pd();

    assertThat(natives("_deallocPd", domain.getObjId())).isEqualTo(-1);

    assertThat(domain.getHandle()).isNotNegative();
  }

  private static Object qpNumber(long number) throws ReflectiveOperationException {
    return natives("_getQpNum", number);
  }

  /** Calls a native method past the checks of DiSNI's Java side. */
  private static Object natives(String method, long number) throws ReflectiveOperationException {
    Constructor<?> constructor = NativeDispatcher.class.getDeclaredConstructor();
    constructor.setAccessible(true);
    return NativeDispatcher.class
        .getMethod(method, long.class)
        .invoke(constructor.newInstance(), number);
  }

  private MemorySegment random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return arena.allocate(length).copyFrom(MemorySegment.ofArray(bytes));
  }
}
