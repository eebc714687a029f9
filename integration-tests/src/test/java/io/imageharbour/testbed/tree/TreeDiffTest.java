package io.imageharbour.testbed.tree;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.testbed.Command;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TreeDiffTest {

  private static final String MAKE =
      """
      mkdir d; echo content > d/file; ln d/file d/linked; ln -s target link; mknod node c 1 3
      mkfifo pipe; setfattr -n user.name -v value d/file; printf x > "$(printf 'not \\377')"
      touch -d 2024-01-01T00:00:00.123456789Z d/file d/linked pipe node not* d .
      """;

  @TempDir private Path directory;
  private Path left;
  private Path right;

  @BeforeEach
  void makeTwoTreesThatAreEqual() throws Exception {
    left = Files.createDirectory(directory.resolve("left"));
    right = Files.createDirectory(directory.resolve("right"));
    for (Path tree : List.of(left, right)) {
      shell(tree, MAKE + "touch -h -d 2024-01-01T00:00:00Z link");
    }
  }

  @Test
  void treesMadeAlikeHaveNoDifferences() throws Exception {
    TreeDiff.Comparison comparison = TreeDiff.compare(left, right);

    assertThat(comparison.differences()).isEmpty();
    assertThat(comparison.paths()).isEqualTo(8);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "chmod 4644 d/file                                      | /d/file   | mode",
        "chown 1:2 d/file                                       | /d/file   | owner",
        "touch -d 2024-01-01T00:00:00.123456788Z d/file         | /d/file   | mtime",
        "echo CONTENT > d/file                                 | /d/file   | content",
        "setfattr -n user.name -v other d/file                  | /d/file   | xattrs",
        "rm d/linked                                            | /d/linked | type",
        "rm d/linked; ln d/file e                               | /e        | type",
        "rm d/linked; cp -p d/file d/linked                     | /d/linked | first name",
        "rm node; mknod node c 1 5                              | /node     | device",
        "rm link; ln -s tarGet link                             | /link     | target",
        "rm pipe; touch pipe                                    | /pipe     | type",
        "for f in not*; do echo more >> \"$f\"; done           | /not \u00ff | size",
      })
  void everyChangeIsNoticed(String change, String path, String property) throws Exception {
    shell(right, change);

    assertThat(TreeDiff.compare(left, right).differences())
        .anySatisfy(
            difference -> {
              assertThat(difference.path()).isEqualTo(path);
              assertThat(difference.property()).isEqualTo(property);
            });
  }

  private static void shell(Path directory, String script)
      throws IOException, InterruptedException {
    Command.of("sh", "-euc", "cd \"$0\"; " + script, directory).run();
  }
}
