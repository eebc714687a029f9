package io.imageharbour.testbed;

import io.imageharbour.indexer.HarbourException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Files that the pages in {@code docs} show, so that tests use them as they stand. Such a file is a
 * fenced block of code right behind the line {@code <!-- tested: NAME -->}.
 */
public final class Documents {

  private Documents() {}

  /**
   * A file that a page shows.
   *
   * @param page its name in {@code docs}
   * @param name of the file, by which the page marks it
   * @throws HarbourException if the page shows no such file
   */
  public static String file(String page, String name) throws IOException {
    Path path = HarbourTree.checkout().resolve("docs").resolve(page);
    Matcher block =
        Pattern.compile(
                "(?m)^<!-- tested: "
                    + Pattern.quote(name)
                    + " -->\\R```\\w*\\R((?:(?!```).*\\R)*)```$")
            .matcher(Files.readString(path));
    if (!block.find()) {
      throw new HarbourException("%s shows no file that is marked as %s".formatted(path, name));
    }
    return block.group(1);
  }
}
