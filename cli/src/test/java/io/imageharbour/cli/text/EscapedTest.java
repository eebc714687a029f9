package io.imageharbour.cli.text;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EscapedTest {

  @Test
  void namesLookAsLsShowsThem(@TempDir Path directory) throws Exception {
    // every byte that a name can have, and what terminals act on; made by a shell because the JVM's
    // own file names depend on the locale
    String names =
        """
        cd "$1"
        i=1
        while [ $i -le 255 ]; do
          [ $i -eq 47 ] || touch -- "$(printf "a\\\\$(printf %03o $i)b")"
          i=$((i + 1))
        done
        touch "$(printf 'caf\\303\\251')" "$(printf '\\342\\202\\254 \\360\\237\\232\\242')"
        touch "$(printf '\\033]0;owned\\007')" "$(printf '\\302\\233[31m')" "$(printf '\\300\\257')"
        """;
    run("sh", "-c", names, "sh", directory.toString());

    List<String> shown = run("ls", "-b", "--", directory.toString()).lines().sorted().toList();

    assertThat(names(directory).stream().map(Escaped::name).sorted()).hasSize(259).isEqualTo(shown);
  }

  @Test
  void whatTurnsTheDirectionOfWritingIsEscaped() {
    assertThat(Escaped.name("exe\u202Egpj".getBytes(UTF_8))).isEqualTo("exe\\342\\200\\256gpj");
  }

  @Test
  void linesKeepTheirSpacesAndBackslashes() {
    assertThat(Escaped.line("a b \\ \u001b[2J é")).isEqualTo("a b \\ \\033[2J é");
  }

  @Property
  void anyNameComesBackFromWhatIsShown(@ForAll byte[] name) {
    assertThat(Escaped.parse(Escaped.name(name))).isEqualTo(name);
  }

  @Property
  void nothingThatIsShownMovesTheCursor(@ForAll byte[] name) {
    assertThat(Escaped.name(name).chars().noneMatch(Character::isISOControl)).isTrue();
    assertThat(Escaped.line(new String(name, UTF_8)).chars().noneMatch(Character::isISOControl))
        .isTrue();
  }

  @Test
  void backslashesThatBeginNoEscapeStandForThemselves() {
    assertThat(Escaped.parse("system\\x2d.slice\\"))
        .isEqualTo("system\\x2d.slice\\".getBytes(UTF_8));
    assertThat(Escaped.parse("\\400")).isEqualTo("\\400".getBytes(UTF_8));
  }

  private static List<byte[]> names(Path directory) throws IOException, InterruptedException {
    Process find =
        new ProcessBuilder("find", directory.toString(), "-mindepth", "1", "-printf", "%f\\0")
            .start();
    byte[] all = find.getInputStream().readAllBytes();
    assertThat(find.waitFor()).isZero();
    List<byte[]> names = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < all.length; i++) {
      if (all[i] == 0) {
        names.add(Arrays.copyOfRange(all, start, i));
        start = i + 1;
      }
    }
    return names;
  }

  private static String run(String... command) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("LC_ALL", "C.UTF-8");
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }
}
