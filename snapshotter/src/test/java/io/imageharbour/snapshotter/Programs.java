package io.imageharbour.snapshotter;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs other programs for tests. */
public final class Programs {

  private Programs() {}

  /** What a program printed, and its exit code. */
  public record Result(int exitCode, String output) {}

  /** Runs a program to its end, at most five minutes, with stdout and stderr together. */
  public static Result run(Path directory, Map<String, String> environment, String... command)
      throws IOException, InterruptedException {
    Path output = Files.createTempFile("output", null);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      assertThat(process.waitFor(5, TimeUnit.MINUTES)).as("%s ended", command[0]).isTrue();
      return new Result(process.exitValue(), Files.readString(output));
    } finally {
      process.destroyForcibly();
      Files.delete(output);
    }
  }

  /** Compiles the Go program in this directory with Debian's packages, which lie in a GOPATH. */
  public static void buildGo(Path sources, Path program) throws IOException, InterruptedException {
    Map<String, String> environment =
        Map.of("GO111MODULE", "off", "GOPATH", "/usr/share/gocode", "GOFLAGS", "");
    Result result = run(sources, environment, "go", "build", "-o", program.toString(), ".");
    assertThat(result.exitCode()).as(result.output()).isZero();
  }
}
