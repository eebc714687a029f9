package io.imageharbour.packaging;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What comes out is read by mandoc, which says what is wrong with it. */
class ManPageTest {

  @TempDir private Path directory;

  @Command(
      name = "ship",
      header = "Moves .things in 'boxes'.",
      description = {".ends with a backslash \\", "'quoted' from the start, 100%%"},
      exitCodeList = {"0:done", "70:sunk"},
      footer = {"  ship --to=port", "  .hidden"},
      subcommands = Load.class)
  private static final class Ship {
    @Option(
        names = {"-t", "--to"},
        paramLabel = "PORT",
        description = "Where to.")
    private String to = "";

    @Option(names = "--secret", hidden = true, description = "Nobody's business.")
    private boolean secret;
  }

  @Command(name = "load", header = "Loads.", mixinStandardHelpOptions = true)
  private static final class Load {
    @Parameters(paramLabel = "BOX", description = "What to load.")
    private List<String> boxes = List.of();
  }

  @Test
  void everyPageOfTheProgramsIsCleanInTheEyesOfMandoc() throws Exception {
    assertThat(Documentation.pages()).isNotEmpty();
    for (ManPage page : Documentation.pages()) {
      assertThat(mandoc(page, "-Tlint", "-Wwarning")).as(page.fileName()).isEmpty();
    }
  }

  @Test
  void textThatLooksLikeRoffComesOutAsItWasWritten() throws Exception {
    ManPage page = new ManPage(new CommandLine(new Ship()), 1);

    assertThat(mandoc(page, "-Tlint", "-Wwarning")).isEmpty();
    assertThat(mandoc(page, "-Tutf8").replaceAll(".\b", ""))
        .contains("ship - Moves .things in 'boxes'.")
        .contains(".ends with a backslash \\")
        .contains("'quoted' from the start, 100%")
        .contains("-t PORT, --to=PORT")
        .contains("  .hidden")
        .contains("ship-load(1)")
        .doesNotContain("--secret");
  }

  @Test
  void aSubcommandHasAPageOfItsOwn() throws Exception {
    List<ManPage> pages = new ManPage(new CommandLine(new Ship()), 1).withSubcommands();

    assertThat(pages).extracting(ManPage::fileName).containsExactly("ship.1", "ship-load.1");
    assertThat(mandoc(pages.get(1), "-Tutf8").replaceAll(".\b", ""))
        .contains("BOX")
        .contains("What to load.");
  }

  private String mandoc(ManPage page, String... arguments)
      throws IOException, InterruptedException {
    Path file =
        Files.writeString(directory.resolve(page.fileName()), page.roff(LocalDate.of(2026, 1, 31)));
    ProcessBuilder builder = new ProcessBuilder("mandoc");
    builder.command().addAll(List.of(arguments));
    builder.command().add(file.toString());
    Process process = builder.redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return output;
  }
}
