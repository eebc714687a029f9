package io.imageharbour.pool.transport.rdma;

import com.ibm.disni.verbs.IbvMr;
import com.ibm.disni.verbs.IbvPd;
import io.imageharbour.pool.memory.Region;
import io.imageharbour.pool.memory.Regions;
import io.imageharbour.pool.transport.Offer.RemoteRegion;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The regions as the device knows them: registered for reading by others, and pinned for that. One
 * that can't be registered is left out of offers, and a line in the log says why. Safe for use by
 * several threads.
 */
final class RegisteredRegions implements Regions.Listener, AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(RegisteredRegions.class);

  private final IbvPd domain;
  private final Map<Integer, IbvMr> registered = new HashMap<>();

  RegisteredRegions(IbvPd domain) {
    this.domain = domain;
  }

  @Override
  public synchronized void added(Region region) {
    try {
      registered.put(
          region.number(),
          register(domain, region.memory().segment(), IbvMr.IBV_ACCESS_REMOTE_READ));
    } catch (IOException e) {
      log.warn(
          "event=rdma-region-not-registered region={} bytes={} cause=\"{}\" hint=\"the limit of"
              + " locked memory (ulimit -l, LimitMEMLOCK) must allow it\"",
          region.number(),
          region.size(),
          e.getMessage());
    }
  }

  @Override
  public synchronized void removed(Region region) {
    IbvMr gone = registered.remove(region.number());
    if (gone != null) {
      deregister(gone);
    }
  }

  /** What clients need to know of them, by number. */
  synchronized Map<Integer, RemoteRegion> offer() {
    Map<Integer, RemoteRegion> offer = new HashMap<>();
    registered.forEach((number, region) -> offer.put(number, remote(region)));
    return offer;
  }

  /** Deregisters all of them. */
  @Override
  public synchronized void close() {
    registered.values().forEach(RegisteredRegions::deregister);
    registered.clear();
  }

  static IbvMr register(IbvPd domain, MemorySegment memory, int access) throws IOException {
    if (memory.byteSize() > Integer.MAX_VALUE) {
      throw new IOException("DiSNI registers less than 2 GiB at once");
    }
    return domain.regMr(memory.address(), (int) memory.byteSize(), access).execute().free().getMr();
  }

  static RemoteRegion remote(IbvMr region) {
    return new RemoteRegion(region.getAddr(), region.getRkey(), region.getLength());
  }

  private static void deregister(IbvMr region) {
    try {
      region.deregMr().execute().free();
    } catch (IOException e) {
      throw new AssertionError("a region that is registered can be deregistered", e);
    }
  }
}
