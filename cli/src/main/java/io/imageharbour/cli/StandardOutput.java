package io.imageharbour.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Standard output as a stream that says so when nothing can be written any more. */
final class StandardOutput extends FilterOutputStream {

  private final boolean pipe;

  /**
   * Wraps what standard output is.
   *
   * @param pipe whether somebody reads it, who may go away
   */
  StandardOutput(OutputStream out, boolean pipe) {
    super(out);
    this.pipe = pipe;
  }

  /** The standard output of this process. */
  static StandardOutput ofProcess() {
    return new StandardOutput(new FileOutputStream(FileDescriptor.out), isPipe());
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    try {
      out.write(bytes, offset, length);
    } catch (IOException e) {
      throw new OutputFailedException(pipe, e);
    }
  }

  /** A pipe that can't be written to has lost its reader, in whatever language the error is. */
  private static boolean isPipe() {
    try {
      String file = Files.readSymbolicLink(Path.of("/proc/self/fd/1")).toString();
      return file.startsWith("pipe:") || file.startsWith("socket:");
    } catch (IOException e) {
      return false;
    }
  }
}
