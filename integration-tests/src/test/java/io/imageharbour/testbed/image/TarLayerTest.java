package io.imageharbour.testbed.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.image.TarLayer.Attributes;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The writer of layers against GNU tar, which reads them. */
final class TarLayerTest {

  @TempDir private Path directory;

  @Test
  void gnuTarUnpacksNamesTimesAndAttributesAsTheyWereWritten() throws Exception {
    Path tree = Files.createDirectory(directory.resolve("tree"));
    unpack(
        tar -> {
          tar.directory("d", Attributes.of(0711));
          tar.file(
              "d/" + "long".repeat(40),
              Attributes.of(04640)
                  .ownedBy(12, 34)
                  .modifiedAt(Instant.ofEpochSecond(5, 6))
                  .with("user.binary", "a\0\377="),
              "content".getBytes(StandardCharsets.ISO_8859_1));
          tar.symbolicLink("link", Attributes.of(0777), "t".repeat(300));
          tar.characterDevice("node", Attributes.of(0600), 300, 5);
        },
        tree);

    assertThat(stat(tree.resolve("d/" + "long".repeat(40)), "%f %u %g %.9Y %s"))
        .isEqualTo("89a0 12 34 5.000000006 7");
    assertThat(stat(tree.resolve("node"), "%F %t %T")).isEqualTo("character special file 12c 5");
    assertThat(Files.readSymbolicLink(tree.resolve("link")).toString()).isEqualTo("t".repeat(300));
    assertThat(
            Command.of("getfattr", "--only-values", "--name=user.binary", "--absolute-names")
                .withArguments(tree.resolve("d/" + "long".repeat(40)))
                .run()
                .bytes())
        .isEqualTo("a\0\377=".getBytes(StandardCharsets.ISO_8859_1));
  }

  private interface Content {
    void writeTo(TarLayer tar) throws IOException;
  }

  private void unpack(Content content, Path target) throws IOException, InterruptedException {
    Path archive = directory.resolve("layer.tar");
    try (OutputStream out = Files.newOutputStream(archive);
        TarLayer tar = new TarLayer(out)) {
      content.writeTo(tar);
    }
    Command.of("tar", "--extract", "--same-owner", "--same-permissions", "--numeric-owner")
        .withArguments("--xattrs", "--xattrs-include=*", "--file", archive, "--directory", target)
        .run();
  }

  private static String stat(Path file, String format) throws IOException, InterruptedException {
    return Command.of("stat", "--printf", format, file).run().text();
  }
}
