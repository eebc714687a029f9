package io.imageharbour.packaging;

import io.imageharbour.cli.HarbourCtl;
import io.imageharbour.pool.agent.HarbourAgent;
import io.imageharbour.snapshotter.Harbourd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import picocli.AutoComplete;
import picocli.CommandLine;

/** Writes the manual pages and shell completions of the programs; run by the build. */
final class Documentation {

  private Documentation() {}

  /**
   * Writes all of them.
   *
   * @param args the directory to write into, as {@code share} of the ready-to-run tree, and the
   *     pages' date as an ISO 8601 instant
   */
  public static void main(String[] args) throws IOException {
    Path share = Path.of(args[0]);
    LocalDate date = Instant.parse(args[1]).atZone(ZoneOffset.UTC).toLocalDate();
    for (ManPage page : pages()) {
      Path directory = Files.createDirectories(share.resolve("man/man" + page.section()));
      Files.writeString(directory.resolve(page.fileName()), page.roff(date));
    }
    Path completions = Files.createDirectories(share.resolve("bash-completion/completions"));
    Files.writeString(
        completions.resolve("harbourctl"),
        AutoComplete.bash("harbourctl", HarbourCtl.commandLine()));
  }

  static List<ManPage> pages() {
    List<ManPage> pages =
        new ArrayList<>(new ManPage(HarbourCtl.commandLine(), 1).withSubcommands());
    pages.add(new ManPage(new CommandLine(Harbourd.class), 8));
    pages.add(new ManPage(new CommandLine(HarbourAgent.class), 8));
    return pages;
  }
}
