package io.imageharbour.testbed;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** The loop devices of this machine. */
final class LoopDevices {

  private LoopDevices() {}

  /** Frees every loop device whose backing file lies, or lay, in the directory. */
  static void detachBelow(Path directory) throws IOException, InterruptedException {
    try (DirectoryStream<Path> devices = Files.newDirectoryStream(Path.of("/sys/block"), "loop*")) {
      for (Path device : devices) {
        Path backing = device.resolve("loop/backing_file");
        if (Files.exists(backing)
            && Path.of(Files.readString(backing).strip()).startsWith(directory)) {
          Command.of("losetup", "--detach", "/dev/" + device.getFileName()).run();
        }
      }
    }
  }
}
