package io.imageharbour.cli.tree;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.FileName;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ImageTreeTest {

  private final TreeFixture fixture = new TreeFixture();
  private final int python = fixture.file(10, TreeFixture.METADATA);
  private final int accented = fixture.file(1, TreeFixture.METADATA);
  private final int slice = fixture.file(2, TreeFixture.METADATA);
  private final int shellLink = fixture.link("../../usr/bin/python3");
  private final int looping = fixture.link("loop");
  private final int absolute = fixture.link("/usr/bin/");
  private final int escaping = fixture.link("../../../../usr");
  private final int dangling = fixture.link("nowhere");
  private final int fileWithSlash = fixture.link("usr/bin/python3/");
  private final int usrBin =
      fixture.directory(
          Map.of(
              FileName.of("python3"), python,
              FileName.of("python3.12"), python,
              FileName.of("python"), shellLink));
  private final int usr = fixture.directory(Map.of(FileName.of("bin"), usrBin));
  private final ImageTree tree =
      new ImageTree(
          fixture.index(
              Map.of(
                  FileName.of("usr"), usr,
                  FileName.of("bin"), absolute,
                  FileName.of("loop"), looping,
                  FileName.of("up"), escaping,
                  FileName.of("gone"), dangling,
                  FileName.of("odd"), fileWithSlash,
                  FileName.of("café".getBytes(ISO_8859_1)), accented,
                  FileName.of("system\\x2d.slice"), slice)));

  @Test
  void pathsAreFoundWithAndWithoutTheSlashesThatDoNotMatter() throws Exception {
    assertThat(tree.resolve("/", true).inode()).isZero();
    assertThat(tree.resolve("", true).inode()).isZero();
    assertThat(tree.resolve("usr/bin/python3", true).inode()).isEqualTo(python);
    assertThat(tree.resolve("//usr/./bin//python3", true).inode()).isEqualTo(python);
    assertThat(tree.resolve("/usr/bin/", true).inode()).isEqualTo(usrBin);
    assertThat(tree.resolve("/usr/bin/../../../usr", true).inode()).isEqualTo(usr);
  }

  @Test
  void linksAreFollowedInsideOfTheImageAndNeverOutOfIt() throws Exception {
    assertThat(tree.resolve("/bin/python", true).inode()).isEqualTo(python);
    assertThat(tree.resolve("/up/bin", true).inode()).isEqualTo(usrBin);
  }

  @Test
  void theLastLinkIsFollowedOnlyIfThatIsWanted() throws Exception {
    assertThat(tree.resolve("/bin", false).inode()).isEqualTo(absolute);
    assertThat(tree.resolve("/bin/python", false).inode()).isEqualTo(shellLink);
    assertThat(tree.resolve("/bin/", false).inode()).isEqualTo(usrBin);
  }

  @Test
  void whatIsNotThereIsSaidWithTheReason() {
    assertNotFound("/usr/bin/perl", "there is no \"perl\"");
    assertNotFound("/gone", "there is no \"nowhere\"");
    assertNotFound("/usr/bin/python3/lib", "no directory");
    assertNotFound("/usr/bin/python3/", "no directory");
    assertNotFound("/loop", "too many symbolic links");
    assertNotFound("/" + "x".repeat(256), "there is no");
    assertNotFound("/a\0b", "there is no \"a\\000b\"");
  }

  @Test
  void namesThatNoKeyboardHasAreFoundAsTheyAreListed() throws Exception {
    assertThat(tree.resolve("/caf\\351", true).inode()).isEqualTo(accented);
    assertThat(tree.resolve("/system\\x2d.slice", true).inode()).isEqualTo(slice);
    assertThat(tree.resolve("/system\\\\x2d.slice", true).inode()).isEqualTo(slice);
  }

  @Test
  void linksAreCountedAsFileSystemsDo() {
    assertThat(tree.links(0)).isEqualTo(3);
    assertThat(tree.links(usr)).isEqualTo(3);
    assertThat(tree.links(usrBin)).isEqualTo(2);
    assertThat(tree.links(python)).isEqualTo(2);
  }

  private void assertNotFound(String path, String why) {
    assertThatThrownBy(() -> tree.resolve(path, true))
        .isInstanceOf(PathNotFoundException.class)
        .hasMessageContaining(why);
  }
}
