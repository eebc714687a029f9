package io.imageharbour.snapshotter;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What this machine's loop devices show. */
public final class LoopFiles {

  private LoopFiles() {}

  /** The files below a directory that loop devices show; they may be deleted already. */
  public static List<String> below(Path directory) throws IOException {
    List<String> files = new ArrayList<>();
    try (DirectoryStream<Path> devices = Files.newDirectoryStream(Path.of("/sys/block"), "loop*")) {
      for (Path device : devices) {
        try {
          files.add(Files.readString(device.resolve("loop/backing_file")).strip());
        } catch (NoSuchFileException e) {
          // it shows none
        }
      }
    }
    return files.stream().filter(file -> file.startsWith(directory.toString())).toList();
  }
}
