package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.testbed.Command;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The training that {@code ./dev build} ends with; if it fails there, programs start slower. */
@ExtendWith(TestbedExtension.class)
final class TrainingIT {

  @Test
  void itLeavesCachesThatJavaTakes(SharedTestbed testbed) throws Exception {
    Path tree = testbed.tree().directory();
    Path scratch = testbed.workspace().directory("t");
    Path harbourctl = scratch.resolve("harbourctl.aot");
    Path harbourd = scratch.resolve("harbourd.aot");
    Path agent = scratch.resolve("harbour-agent.aot");
    Command.of("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
        .withArguments(Path.of(System.getProperty("java.home"), "bin/java"))
        .withArguments("--enable-native-access=ALL-UNNAMED", "-cp")
        .withArguments(tree.resolveSibling("classes") + ":" + tree + "/lib/*")
        .withArguments("io.imageharbour.packaging.training.Training")
        .withArguments(tree, scratch, harbourctl, harbourd, agent)
        .withTimeout(Duration.ofMinutes(5))
        .run();
    assertThat(version(tree.resolve("bin/harbourctl"), harbourctl)).contains("harbourctl");
    assertThat(version(tree.resolve("bin/harbourd"), harbourd)).contains("harbourd");
    assertThat(version(tree.resolve("bin/harbour-agent"), agent)).contains("harbour-agent");
  }

  /** Java with a cache that it must use does not start when the cache is not for it. */
  private static String version(Path program, Path cache) throws Exception {
    Command.Output output =
        Command.of(program, "--version")
            .withEnvironment("HARBOUR_JAVA_OPTIONS", "-XX:AOTMode=on -XX:AOTCache=" + cache)
            .run();
    assertThat(output.errors()).isEmpty();
    return output.text();
  }
}
