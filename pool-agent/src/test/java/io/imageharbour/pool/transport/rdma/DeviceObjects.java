package io.imageharbour.pool.transport.rdma;

import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** What RDMA devices have made for all processes, as the kernel counts it. */
public final class DeviceObjects {

  /** {@code 0: rxe0: pd 1 cq 1 qp 1 cm_id 0 mr 0 ctx 1 srq 0}. */
  private static final Pattern COUNT = Pattern.compile(" (pd|cq|qp|cm_id|mr) (\\d+)");

  private DeviceObjects() {}

  /**
   * How many there are of each kind; how often a device is open says nothing: librdmacm keeps it.
   */
  public static Map<String, Long> count() throws IOException, InterruptedException {
    Process rdma = new ProcessBuilder("rdma", "resource", "show").start();
    Map<String, Long> objects = new TreeMap<>();
    try (var out = rdma.inputReader()) {
      for (String line : out.lines().toList()) {
        for (MatchResult found : COUNT.matcher(line).results().toList()) {
          objects.merge(found.group(1), Long.parseLong(found.group(2)), Long::sum);
        }
      }
    }
    if (rdma.waitFor() != 0 || objects.isEmpty()) {
      throw new IOException("rdma resource show ended with " + rdma.exitValue());
    }
    return objects;
  }
}
