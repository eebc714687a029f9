package io.imageharbour.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** A command that was run in this process, with no terminal. */
final class Invocation {

  private final int exitCode;
  private final byte[] out;
  private final String err;

  private Invocation(int exitCode, byte[] out, String err) {
    this.exitCode = exitCode;
    this.out = out;
    this.err = err;
  }

  static Invocation of(String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Streams streams =
        new Streams(out, new PrintStream(err, true, StandardCharsets.UTF_8), false, false, false);
    int exitCode = HarbourCtl.commandLine(streams).execute(arguments);
    return new Invocation(exitCode, out.toByteArray(), err.toString(StandardCharsets.UTF_8));
  }

  /** What it would have ended with. */
  int exitCode() {
    return exitCode;
  }

  /** What it wrote to standard output. */
  byte[] bytes() {
    return out.clone();
  }

  /** What it wrote to standard output, as text. */
  String out() {
    return new String(out, StandardCharsets.UTF_8);
  }

  /** What it wrote to standard output, as JSON, having ended well. */
  JsonNode json() throws IOException {
    assertThat(exitCode).as(err).isZero();
    return new ObjectMapper().readTree(out);
  }

  /** What it wrote to standard error. */
  String err() {
    return err;
  }
}
