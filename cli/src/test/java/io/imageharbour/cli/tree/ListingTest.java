package io.imageharbour.cli.tree;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.cli.text.Json;
import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Metadata;
import io.imageharbour.indexer.Xattr;
import java.io.IOException;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ListingTest {

  private static final Metadata PLAIN = TreeFixture.metadata(0644);

  private final TreeFixture fixture = new TreeFixture();
  private final int big = fixture.file(131_900_000, TreeFixture.metadata(06755));
  private final int hostile = fixture.file(1, PLAIN);
  private final int inner =
      fixture.directory(
          Map.of(FileName.of("deep"), fixture.directory(Map.of(FileName.of("big"), big))));
  private final ImageIndex index =
      fixture.index(
          Map.of(
              FileName.of("inner"),
              inner,
              FileName.of("\u001b[2J\n"),
              hostile,
              FileName.of("café".getBytes(ISO_8859_1)),
              hostile,
              FileName.of("link"),
              fixture.link("to \u001b[31m"),
              FileName.of("null"),
              fixture.add(new Inode.Device(PLAIN, false, 1, 3)),
              FileName.of("pipe"),
              fixture.add(new Inode.Fifo(TreeFixture.metadata(01666))),
              FileName.of("capable"),
              fixture.file(
                  7,
                  TreeFixture.metadata(
                      0711, new Xattr("security.capability", new byte[] {1, 2})))));
  private final ImageTree tree = new ImageTree(index);

  @Test
  void namesAreListedInOrderAndHarmless() throws Exception {
    assertThat(list(false, false, false, "/"))
        .isEqualTo("\\033[2J\\n\ncaf\\351\ncapable\ninner\nlink\nnull\npipe\n");
  }

  @Test
  void theLongFormatIsThatOfLsWithNumericOwners() throws Exception {
    assertThat(list(true, false, false, "/").lines())
        .containsExactly(
            "-rw-r--r-- 2 1000 4294967294    1 2023-11-14 22:13 \\033[2J\\n",
            "-rw-r--r-- 2 1000 4294967294    1 2023-11-14 22:13 caf\\351",
            "-rwx--x--x 1 1000 4294967294    7 2023-11-14 22:13 capable",
            "drwxr-xr-x 3 1000 4294967294    0 2023-11-14 22:13 inner",
            "lrwxrwxrwx 1 1000 4294967294    8 2023-11-14 22:13 link -> to\\ \\033[31m",
            "crw-r--r-- 1 1000 4294967294 1, 3 2023-11-14 22:13 null",
            "prw-rw-rwT 1 1000 4294967294    0 2023-11-14 22:13 pipe");
  }

  @Test
  void sizesComeInUnitsWhenWanted() throws Exception {
    assertThat(list(true, false, true, "/inner/deep"))
        .isEqualTo("-rwsr-sr-x 1 1000 4294967294 131.9 MB 2023-11-14 22:13 big\n");
  }

  @Test
  void directoriesAreListedBelowEachOtherWhenWanted() throws Exception {
    assertThat(list(false, true, false, "inner")).isEqualTo("inner:\ndeep\n\ninner/deep:\nbig\n");
  }

  @Test
  void aFileIsListedByThePathThatWasAskedFor() throws Exception {
    assertThat(list(false, false, false, "/inner/deep/big")).isEqualTo("/inner/deep/big\n");
  }

  @Test
  void jsonSaysEverythingThatTheIndexSays() throws Exception {
    JsonNode files = json(true, "/");
    assertThat(files.findValuesAsText("path"))
        .containsExactly(
            "/\u001b[2J\n",
            "/caf\ufffd",
            "/capable",
            "/inner",
            "/inner/deep",
            "/inner/deep/big",
            "/link",
            "/null",
            "/pipe");
    assertThat(files.get(1).get("path_base64").binaryValue())
        .isEqualTo("/café".getBytes(ISO_8859_1));
    assertThat(files.get(2).get("xattrs_base64").get("security.capability").binaryValue())
        .containsExactly(1, 2);
    JsonNode file = files.get(5);
    assertThat(file.get("mode").textValue()).isEqualTo("6755");
    assertThat(file.get("gid").longValue()).isEqualTo(4294967294L);
    assertThat(file.get("size").longValue()).isEqualTo(131_900_000);
    assertThat(file.get("digest").textValue())
        .isEqualTo(index.contents().getFirst().digest().toString());
    assertThat(file.get("mtime").textValue()).isEqualTo("2023-11-14T22:13:20.123456789Z");
    assertThat(files.get(7).get("minor").intValue()).isEqualTo(3);
  }

  @Test
  void aTreeOfAnyDepthIsListed() throws Exception {
    TreeFixture deep = new TreeFixture();
    int directory = deep.directory(Map.of());
    for (int i = 0; i < 3_000; i++) {
      directory = deep.directory(Map.of(FileName.of("d"), directory));
    }
    ImageTree deepTree = new ImageTree(deep.index(Map.of(FileName.of("d"), directory)));
    StringWriter out = new StringWriter();
    new TextListing(deepTree, false, true, false).write(deepTree.resolve("/", true), out);
    assertThat(out.toString()).contains("/d".repeat(3_001) + ":\n");
  }

  @Test
  void aTimeBeyondTheCalendarIsNoReasonToFail() throws Exception {
    TreeFixture old = new TreeFixture();
    int file = old.file(0, new Metadata(0, 0, 0, Long.MIN_VALUE, 0, List.of()));
    ImageTree oldTree = new ImageTree(old.index(Map.of(FileName.of("f"), file)));
    StringWriter out = new StringWriter();
    new TextListing(oldTree, true, false, false).write(oldTree.resolve("/", true), out);
    assertThat(out.toString()).endsWith(" f\n");
  }

  private String list(boolean longFormat, boolean recursive, boolean human, String path)
      throws IOException {
    StringWriter out = new StringWriter();
    new TextListing(tree, longFormat, recursive, human).write(tree.resolve(path, true), out);
    return out.toString();
  }

  private JsonNode json(boolean recursive, String path) throws IOException {
    StringWriter out = new StringWriter();
    try (JsonGenerator generator = Json.generator(out)) {
      new JsonListing(tree, recursive).write(tree.resolve(path, true), generator);
    }
    return new ObjectMapper().readTree(out.toString());
  }
}
