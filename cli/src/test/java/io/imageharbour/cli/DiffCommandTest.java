package io.imageharbour.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Trees that programs which we did not write have made, changed and packed. */
final class DiffCommandTest {

  private static final String MAKE =
      """
      mkdir d; echo content > d/file; ln d/file d/linked; ln -s target link; mknod node c 1 3
      mkfifo pipe; setfattr -n user.name -v value d/file; printf x > "$(printf 'not \\377')"
      mkdir -p z/below; echo deep > z/below/file
      touch -d 2024-01-01T00:00:00.123456789Z d/file d/linked pipe node not* d z/below/file z/below z .
      touch -h -d 2024-01-01T00:00:00Z link
      """;

  @TempDir private static Path images = Path.of("");

  private static LocalRegistry registry;

  @TempDir private Path directory;
  private Path left;
  private Path right;

  @BeforeAll
  static void startRegistry() throws Exception {
    registry = LocalRegistry.start(images, false);
  }

  @AfterAll
  static void stopRegistry() throws Exception {
    registry.close();
  }

  @BeforeEach
  void makeTwoTreesThatAreEqual() throws Exception {
    left = Files.createDirectory(directory.resolve("left"));
    right = Files.createDirectory(directory.resolve("right"));
    for (Path tree : List.of(left, right)) {
      shell(tree, MAKE);
    }
  }

  @Test
  void treesMadeAlikeDoNotDiffer() {
    Invocation result = diff();

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out()).isEqualTo("11 paths compared: no difference\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "chmod 4644 d/file                              | /d/file    | mode      | 0644 | 4644",
        "chown 1:2 d/file                               | /d/file    | owner     | 0:0 | 1:2",
        "touch -d @7.000000008 d/file                   | /d/file    | mtime     | | 7.000000008",
        "echo CONTENT > d/file                          | /d/file    | content   | | ",
        "setfattr -n user.name -v other d/file          | /d/file    | xattrs    | 0x76616c7565 | 0x6f74686572",
        "setfattr -n user.new -v new d/file             | /d/file    | xattrs    | nothing | 0x6e6577",
        "rm d/linked                                    | /d/linked  | type      | file | nothing",
        "rm d/linked                                    | /d/file    | links     | 2 | 1",
        "rm d/linked; ln d/file e                       | /e         | type      | nothing | file",
        "rm d/linked; cp -p d/file d/linked             | /d/linked  | same-file | /d/file | /d/linked",
        "rm node; mknod node c 1 5                      | /node      | device    | 1:3 | 1:5",
        "rm link; ln -s tarGet link                     | /link      | target    | target | tarGet",
        "rm pipe; touch pipe                            | /pipe      | type      | fifo | file",
        "for f in not*; do echo more >> \"$f\"; done    | /not \ufffd | size     | 1 | 6",
        "rm -r z                                        | /z         | type      | directory | nothing",
      })
  void everyChangeIsNoticed(
      String change, String path, String property, String before, String after) throws Exception {
    shell(right, change);

    Invocation result = diff("--json");

    assertThat(result.exitCode()).isEqualTo(ExitCode.CHECK_FAILED);
    assertThat(json(result).path("differences"))
        .anySatisfy(
            difference -> {
              assertThat(difference.path("path").asText()).isEqualTo(path);
              assertThat(difference.path("property").asText()).isEqualTo(property);
              if (before != null) {
                assertThat(difference.path("left").asText()).isEqualTo(before);
              }
              if (after != null) {
                assertThat(difference.path("right").asText()).isEqualTo(after);
              }
            });
  }

  @Test
  void aMissingDirectoryIsOneLine() throws Exception {
    shell(right, "rm -r z; touch -d 2024-01-01T00:00:00.123456789Z .");

    assertThat(diff("--ignore", "links").out())
        .isEqualTo("/z: only in " + left + " (directory)\n9 paths compared: 1 difference\n");
  }

  @Test
  void whatIsNoDirectoryIsSaidBeforeTheOtherOneIsRead() {
    Invocation missing = Invocation.of("diff", left.toString(), right + "/none");
    assertThat(missing.exitCode()).isEqualTo(ExitCode.LOCAL);
    assertThat(missing.err()).isEqualTo("harbourctl: " + right + "/none: no such file\n");
    Invocation file = Invocation.of("diff", left.toString(), right + "/d/file");
    assertThat(file.exitCode()).isEqualTo(ExitCode.LOCAL);
    assertThat(file.err()).isEqualTo("harbourctl: " + right + "/d/file: not a directory\n");
  }

  @Test
  void bytesThatAreNoTextAreShownHarmlesslyAndKeptForScripts() throws Exception {
    shell(right, "for f in not*; do chmod 4000 \"$f\"; done");

    assertThat(diff().out()).startsWith("/not\\ \\377: mode is 0644 in ");
    assertThat(json(diff("--json")).path("differences").path(0).path("path_base64").binaryValue())
        .isEqualTo("/not \377".getBytes(StandardCharsets.ISO_8859_1));
  }

  @Test
  void whatIsToBeIgnoredIsNotCompared() throws Exception {
    shell(right, "chmod 4000 pipe; touch d");

    assertThat(diff("--ignore", "mode,mtime").exitCode()).isZero();
    assertThat(diff("--ignore", "mode").exitCode()).isEqualTo(ExitCode.CHECK_FAILED);
    assertThat(diff("--ignore", "type").exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(diff("--ignore", "colour").err()).contains("same-file");
  }

  @Test
  void pathsMayBeLongerThanASystemCallTakes() throws Exception {
    String deep =
        """
        for (1..20) { mkdir "d" x 250; chdir "d" x 250 }
        open F, ">f"; chmod oct $ARGV[0], "f"
        """;
    shell(left, "perl -e '" + deep + "' 0644");
    shell(right, "perl -e '" + deep + "' 4000");
    try {
      assertThat(json(diff("--json", "--ignore", "mtime")).path("differences"))
          .singleElement()
          .satisfies(
              difference -> {
                assertThat(difference.path("path").asText()).hasSizeGreaterThan(5000);
                assertThat(difference.path("property").asText()).isEqualTo("mode");
              });
    } finally {
      // Java can't
      shell(directory, "rm -r left right");
    }
  }

  @Test
  void anIndexImageItsOriginalAndWhatTarUnpacksAreTheSame() throws Exception {
    LocalRegistry.makeImages(images);
    registry.push(images, "both", "small:1");
    String image = registry.host() + "/small:1";
    assertThat(Invocation.of("convert", image).exitCode()).isZero();

    // the second layer that was made is that for arm64
    shell(images, "cp -p upper/etc/architecture root/etc");

    Invocation converted = Invocation.of("diff", image, image + "-harbour");
    Invocation unpacked =
        Invocation.of(
            "diff",
            "--ignore=mtime",
            "--platform=linux/arm64",
            images.resolve("root").toString(),
            image + "-harbour");

    assertThat(converted.exitCode()).as(converted.out()).isZero();
    assertThat(unpacked.exitCode()).as(unpacked.out() + unpacked.err()).isZero();
    assertThat(Invocation.of("diff", image + "-harbour").exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(Invocation.of("diff", image).err()).contains("has no index beside it");
    assertThat(Invocation.of("diff", "--platform", "linux/s390x", image, image).exitCode())
        .isEqualTo(ExitCode.INVALID);
  }

  @Test
  void whatIsNeitherADirectoryNorAnImageIsSaidSo() {
    assertThat(Invocation.of("diff", "No Image", "/").exitCode()).isEqualTo(ExitCode.USAGE);
    assertThat(Invocation.of("diff", "No Image", "/").err()).contains("./No Image");
    Invocation missing = Invocation.of("diff", directory + "/none", left.toString());
    assertThat(missing.exitCode()).isNotZero();
    assertThat(missing.err()).contains("/none: no such file");
  }

  private Invocation diff(String... options) {
    String[] arguments = new String[options.length + 3];
    arguments[0] = "diff";
    System.arraycopy(options, 0, arguments, 1, options.length);
    arguments[options.length + 1] = left.toString();
    arguments[options.length + 2] = right.toString();
    return Invocation.of(arguments);
  }

  private static JsonNode json(Invocation result) throws Exception {
    return new ObjectMapper().readTree(result.bytes());
  }

  private static void shell(Path directory, String script) throws Exception {
    LocalRegistry.run("sh", "-euc", "cd \"$0\"; " + script, directory.toString());
  }
}
