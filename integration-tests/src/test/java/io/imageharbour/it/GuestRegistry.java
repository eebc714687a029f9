package io.imageharbour.it;

import io.imageharbour.testbed.Network;
import io.imageharbour.testbed.RegistryServer;
import io.imageharbour.testbed.Workspace;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The registry of the tests in a guest: a process there that serves the files of the one outside,
 * at the same port, so that references mean the same.
 */
final class GuestRegistry {

  private static final String STORAGE = "harbour.guest.storage";
  private static final String PORT = "harbour.guest.port";

  private GuestRegistry() {}

  /** What every JVM of the tests runs with. */
  static List<String> jvmFlags() {
    return List.of(System.getProperty("harbour.jvm.flags").split("\\s+"));
  }

  /**
   * What the JVM in the guest runs with, for {@link #start} and to find Harbour's programs.
   *
   * @param references of images, by the properties that the tests there find them by
   */
  static List<String> jvmFlags(SharedTestbed testbed, Map<String, String> references) {
    List<String> flags = new ArrayList<>(jvmFlags());
    flags.add(property("harbour.tree", testbed.tree().directory()));
    flags.add(property(STORAGE, testbed.registry().storage()));
    flags.add(property(PORT, testbed.registry().port()));
    references.forEach((name, reference) -> flags.add(property(name, reference)));
    return flags;
  }

  /** Starts it; in the guest. */
  static RegistryServer start(Workspace workspace) throws IOException, InterruptedException {
    return RegistryServer.start(
        workspace,
        "r",
        Network.loopback(),
        Integer.getInteger(PORT),
        Path.of(System.getProperty(STORAGE)));
  }

  private static String property(String name, Object value) {
    return "-D" + name + "=" + value;
  }
}
