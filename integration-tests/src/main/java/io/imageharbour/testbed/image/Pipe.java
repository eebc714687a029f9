package io.imageharbour.testbed.image;

import io.imageharbour.testbed.Command;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** Programs whose output is too much to keep. */
final class Pipe {

  private Pipe() {}

  /** Runs a program and passes on what it writes. */
  static void run(Command command, OutputStream to) throws IOException, InterruptedException {
    Process process = command.start();
    try (InputStream out = process.getInputStream();
        InputStream err = process.getErrorStream()) {
      out.transferTo(to);
      String errors = new String(err.readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(command.timeout().toMillis(), TimeUnit.MILLISECONDS)
          || process.exitValue() != 0) {
        throw new IOException(command + " failed: " + errors.strip());
      }
    } finally {
      process.destroyForcibly();
    }
  }
}
