package io.imageharbour.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.HarbourTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Which Java the scripts in {@code bin/} find, on a machine where {@code /usr/lib/jvm}, {@code
 * /opt} and {@code /usr/local} have none but what the test puts there: they are empty in a mount
 * namespace of its own. A Java is a script that prints how it was called.
 */
final class StartScriptsIT {

  private static final String NO_JAVA =
      "found no Java 25 or newer in JAVA_HOME, /usr/lib/jvm, /opt and PATH: install one"
          + " (on Debian 13: apt-get install openjdk-25-jre-headless) or set JAVA_HOME\n";

  /** Empties the usual places, puts a Java into one of them if it is told to, and starts. */
  private static final String ON_A_BARE_MACHINE =
      """
      for place in /usr/lib/jvm /opt /usr/local; do mount -t tmpfs none "$place" || exit 99; done
      if [ -n "$INSTALLED" ]; then mkdir -p "$INSTALLED" && cp -a "$INSTALL"/. "$INSTALLED" || exit 99; fi
      exec "$@"
      """;

  @TempDir private Path directory = Path.of("");
  private Path programs = Path.of("");
  private Path home = Path.of("");

  @BeforeEach
  void copyTheScripts() throws Exception {
    Path tree = HarbourTree.locate().directory();
    programs = Files.createDirectories(directory.resolve("harbour/bin"));
    Path lib = Files.createDirectory(directory.resolve("harbour/lib"));
    for (String program : List.of("harbourctl", "harbourd")) {
      Files.copy(tree.resolve("bin").resolve(program), programs.resolve(program));
    }
    for (String script : List.of("start.sh", "java.sh")) {
      Files.copy(tree.resolve("lib").resolve(script), lib.resolve(script));
    }
    home = Files.createDirectory(directory.resolve("home"));
  }

  @Test
  void theJavaOfJavaHomeGoesBeforeThoseOfTheUsualPlaces() throws Exception {
    Path java = java("of the user", "25.0.1");
    Command start =
        start("harbourctl")
            .withEnvironment("JAVA_HOME", java.toString())
            .withEnvironment("INSTALL", java("installed", "26").toString())
            .withEnvironment("INSTALLED", "/usr/lib/jvm/temurin-26");
    assertThat(found(start)).isEqualTo(java.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"17.0.9", "1.8.0_402", "nonsense", ""})
  void aJavaHomeThatIsTooOldIsPassedOver(String version) throws Exception {
    Command start =
        start("harbourctl")
            .withEnvironment("JAVA_HOME", java("old", version).toString())
            .withEnvironment("INSTALL", java("installed", "25").toString())
            .withEnvironment("INSTALLED", "/usr/lib/jvm/temurin-25");
    assertThat(found(start)).isEqualTo("/usr/lib/jvm/temurin-25");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/usr/lib/jvm/java-25-openjdk-amd64",
        "/opt/java/openjdk",
        "/opt/jdk-25.0.1+8",
        "/usr/local/jdk 25",
        "HOME/.sdkman/candidates/java/25.0.1-tem",
        "HOME/.jdks/temurin-25"
      })
  void aJavaIsFoundInEachUsualPlace(String place) throws Exception {
    String installed = place.replace("HOME", home.toString());
    for (String program : List.of("harbourctl", "harbourd")) {
      Command start =
          start(program)
              .withEnvironment("INSTALL", java("installed", "25-ea").toString())
              .withEnvironment("INSTALLED", installed);
      assertThat(found(start)).isEqualTo(installed);
    }
  }

  @Test
  void theJavaOfThePathIsFoundBehindItsLinks() throws Exception {
    Path java = java("somewhere", "25");
    Path links = Files.createDirectory(directory.resolve("links"));
    Files.createSymbolicLink(links.resolve("alternative"), java.resolve("bin/java"));
    Files.createSymbolicLink(links.resolve("java"), Path.of("alternative"));
    Command start = start("harbourctl").withEnvironment("PATH", links + ":/usr/bin:/bin");
    assertThat(found(start)).isEqualTo(java.toString());
  }

  @Test
  void withoutAJavaItSaysWhereItLookedAndWhatToDo() throws Exception {
    for (String program : List.of("harbourctl", "harbourd")) {
      Command.Output output = start(program).attempt();
      assertThat(output.errors()).isEqualTo(program + ": " + NO_JAVA);
      assertThat(output.text()).isEmpty();
      assertThat(output.exit()).isEqualTo(69);
    }
  }

  @Test
  void aJavaThatIsTooOldInThePathIsNone() throws Exception {
    Path old = java("old", "21.0.2");
    Command.Output output =
        start("harbourctl")
            .withEnvironment("PATH", old.resolve("bin") + ":/usr/bin:/bin")
            .attempt();
    assertThat(output.errors()).isEqualTo("harbourctl: " + NO_JAVA);
    assertThat(output.exit()).isEqualTo(69);
  }

  /** The home of the Java that was started; it got the class and the argument. */
  private static String found(Command start) throws Exception {
    Command.Output output = start.run();
    assertThat(output.text()).containsPattern(" io\\.imageharbour\\.[a-zA-Z.]+ --version$");
    String program = output.text().substring(0, output.text().indexOf("/bin/java"));
    assertThat(output.errors()).isEmpty();
    return program;
  }

  /** A start on the bare machine, with no Java in the environment or the path. */
  private Command start(String program) {
    return Command.of("unshare", "--mount", "sh", "-c", ON_A_BARE_MACHINE, "bare")
        .withArguments(programs.resolve(program), "--version")
        .withEnvironment("JAVA_HOME", "")
        .withEnvironment("HOME", home.toString())
        .withEnvironment("PATH", "/usr/bin:/bin")
        .withEnvironment("INSTALLED", "");
  }

  private Path java(String name, String version) throws IOException {
    Path java = directory.resolve(name);
    Files.createDirectories(java.resolve("bin"));
    Path program =
        Files.writeString(java.resolve("bin/java"), "#!/bin/sh\nprintf '%s' \"$0 $*\"\n");
    assertThat(program.toFile().setExecutable(true)).isTrue();
    Files.writeString(
        java.resolve("release"),
        "IMPLEMENTOR=\"Test\"\nJAVA_RUNTIME_VERSION=\"%1$s+1\"\nJAVA_VERSION=\"%1$s\"\n"
            .formatted(version));
    return java;
  }
}
