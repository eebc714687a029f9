package io.imageharbour.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

class HarbourCtlTest {

  private static final String DIGEST = "@sha256:" + "0".repeat(64);

  static Stream<String> commands() {
    return names("", HarbourCtl.commandLine());
  }

  private static Stream<String> names(String before, CommandLine command) {
    return command.getSubcommands().entrySet().stream()
        .flatMap(
            sub ->
                Stream.concat(
                    Stream.of(before + sub.getKey()),
                    names(before + sub.getKey() + " ", sub.getValue())));
  }

  private static CommandSpec model(String command) {
    CommandLine found = HarbourCtl.commandLine();
    for (String name : command.split(" ", -1)) {
      found = Objects.requireNonNull(found.getSubcommands().get(name));
    }
    return found.getCommandSpec();
  }

  @ParameterizedTest
  @MethodSource("commands")
  void everyCommandHasHelpWithExamplesThatFitsATerminal(String command) {
    Invocation help = Invocation.of((command + " --help").split(" ", -1));
    assertThat(help.exitCode()).isZero();
    assertThat(help.err()).isEmpty();
    assertThat(help.out())
        .contains(
            "Usage: harbourctl " + command, "Options:", "Examples:", "  harbourctl " + command);
    assertThat(help.out().lines()).allMatch(line -> line.length() <= 80);
  }

  @ParameterizedTest
  @MethodSource("commands")
  void everyExampleNamesOptionsThatExist(String command) {
    CommandSpec model = model(command);
    for (String line : model.usageMessage().footer()) {
      for (String word : line.replaceFirst("[|>].*", "").strip().split(" +", -1)) {
        if (word.startsWith("--")) {
          assertThat(model.findOption(word)).as(line).isNotNull();
        }
      }
    }
  }

  @Test
  void helpNamesEveryExitCode() {
    Invocation help = Invocation.of("--help");
    assertThat(help.exitCode()).isZero();
    assertThat(help.out().lines().dropWhile(line -> !line.equals("Exit codes:")).skip(1))
        .extracting(line -> line.strip().split(" ", -1)[0])
        .startsWith("0", "1", "2", "3", "4", "5", "6", "7", "8", "70", "130", "141", "");
  }

  @Test
  void versionNamesTheVersionJavaAndTheKernel() {
    assertThat(Invocation.of("--version").out())
        .matches(
            "harbourctl [0-9]+\\.[0-9]+\\.[0-9]+\\S* \\(Java 25\\S*, Linux [0-9]\\S* \\w+\\)\n");
  }

  @Test
  void aMissingOrMistypedCommandIsAUsageErrorWithASuggestion() {
    assertUsageError("a command is missing");
    assertThat(Invocation.of("convrt").err())
        .contains("'convrt'", "Did you mean: convert", "Try: harbourctl --help");
  }

  @Test
  void badArgumentsAreNamedInOneLineAndAHint() {
    assertUsageError("Missing required parameter: 'SOURCE'", "convert");
    assertUsageError("is no image reference", "convert", "registry.example.com/UPPER");
    assertUsageError("is no image reference", "inspect", "host:99999/x");
    assertUsageError("\"x86\" is not a platform", "convert", "a", "--platform", "x86");
    assertUsageError("1 to 19", "convert", "localhost:1/a", "--level", "20");
    assertUsageError("'many' is not an int", "convert", "localhost:1/a", "--jobs", "many");
    assertUsageError("Unknown option: '--force'", "convert", "localhost:1/a", "--force");
    assertUsageError("Missing required parameter: 'PATH'", "cat", "localhost:1/a");
  }

  @Test
  void controlCharactersInArgumentsDoNotReachTheTerminal() {
    assertThat(Invocation.of("ls", "\u001b[2J\u009b").err())
        .isNotEmpty()
        .doesNotContain("\u001b", "\u009b");
  }

  @Test
  void aTargetThatCannotBeMadeFromTheSourceIsAskedFor() {
    assertUsageError("give a TARGET", "convert", "localhost:1/a" + DIGEST);
    assertUsageError("too long", "convert", "localhost:1/a:" + "t".repeat(121));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost:1/a",
        "localhost:1/a:latest",
        "localhost:1/a:latest"
            + "@sha256:0000000000000000000000000000000000000000000000000000000000000000"
      })
  void theSourcesOwnTagIsNeverOverwritten(String source) {
    assertUsageError("TARGET is SOURCE", "convert", source, "localhost:1/a");
  }

  @Test
  void aTargetHasNoDigest() {
    assertUsageError("can't have a digest", "convert", "localhost:1/a", "localhost:1/b" + DIGEST);
  }

  private static void assertUsageError(String message, String... arguments) {
    Invocation result = Invocation.of(arguments);
    assertThat(result.err()).contains(message);
    assertThat(result.err().lines()).hasSizeLessThanOrEqualTo(2);
    assertThat(result.out()).isEmpty();
    assertThat(result.exitCode()).isEqualTo(ExitCode.USAGE);
  }
}
