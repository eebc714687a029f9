package io.imageharbour.snapshotter.filter;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.snapshotter.Programs;
import io.imageharbour.snapshotter.store.Snapshot;
import io.imageharbour.snapshotter.store.SnapshotKind;
import io.imageharbour.snapshotter.store.Usage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Thousands of filters, right and wrong ones, judged as containerd's own code judges them. */
class ContainerdFilterOracleTest {

  private static final int COUNT = 20_000;

  /** Pieces that filters are put together from at random; most results are wrong in some way. */
  private static final List<String> PIECES =
      List.of(
          "name",
          "parent",
          "kind",
          "labels",
          "labels.x",
          "labels.\"x.y\"",
          "labels.x.y",
          "labels.\"containerd.io/gc.root\"",
          "labels.\"a b\"",
          "nothing",
          ".",
          ",",
          ",",
          ",",
          "==",
          "==",
          "!=",
          "~=",
          "~=",
          "=",
          "!",
          "a",
          "b",
          "c.d",
          "1",
          "2",
          "active",
          "committed",
          "\"a\"",
          "\"\"",
          "\"\\u00fc\"",
          "\"\\xc3\\xbc\"",
          "\"\\303\\274\"",
          "\"\\777\"",
          "\"\\q\"",
          "\"b",
          "/^[ab]$/",
          "|a\\|b|",
          "/\\d/",
          "/(/",
          "[0-9]+",
          "(",
          " ",
          "\t",
          "\n",
          "ü",
          "?",
          "'a'",
          "\\",
          "\u0000",
          "\u0001",
          "\ufffd",
          "\u00a0",
          "😀",
          "_",
          "-");

  private static final List<Snapshot> CORPUS =
      List.of(
          snapshot("a", "", SnapshotKind.ACTIVE, Map.of()),
          snapshot("b", "a", SnapshotKind.COMMITTED, Map.of("x", "1", "x.y", "2", "a b", "ü")),
          snapshot(
              "c.d", "b", SnapshotKind.VIEW, Map.of("x", "2", "containerd.io/gc.root", "2026")));

  @Test
  void everyFilterMatchesWhatItMatchesInContainerd(@TempDir Path temporary) throws Exception {
    Path oracle = temporary.resolve("oracle");
    Programs.buildGo(Path.of("src/test/go/filters"), oracle);
    List<String> filters = filters();
    Path input = temporary.resolve("input");
    ObjectMapper json = new ObjectMapper();
    List<String> lines = new ArrayList<>();
    for (String filter : filters) {
      lines.add(json.writeValueAsString(filter));
    }
    Files.write(input, lines);
    Programs.Result result = Programs.run(temporary, Map.of(), "sh", "-c", oracle + " <" + input);
    assertThat(result.exitCode()).as(result.output()).isZero();
    List<String> expected = result.output().lines().toList();
    assertThat(expected).hasSize(filters.size());
    // the test must not pass because everything is an error
    assertThat(expected.stream().filter(line -> !line.equals("error")).distinct().count())
        .isGreaterThan(5);
    for (int i = 0; i < filters.size(); i++) {
      String judged = judge(filters.get(i));
      // the one difference: containerd logs a regular expression that is none, and matches nothing
      if (!judged.equals("no expression")) {
        assertThat(judged).as(lines.get(i)).isEqualTo(expected.get(i));
      }
    }
  }

  private static List<String> filters() {
    Random random = new Random(20261121);
    List<String> filters = new ArrayList<>(List.of("", "name", "labels.x==1,kind==committed"));
    while (filters.size() < COUNT) {
      StringBuilder filter = new StringBuilder();
      if (random.nextBoolean()) {
        // a selector as it should be, to get past the first error
        filter.append(piece(random, 0, 9)).append(piece(random, 14, 19));
        filter.append(piece(random, 21, PIECES.size()));
      }
      for (int left = random.nextInt(5); left > 0; left--) {
        filter.append(piece(random, 0, PIECES.size()));
      }
      filters.add(filter.toString());
    }
    return filters;
  }

  private static String piece(Random random, int from, int to) {
    return PIECES.get(from + random.nextInt(to - from));
  }

  private static String judge(String filter) {
    try {
      Predicate<Snapshot> parsed = SnapshotFilter.anyOf(List.of(filter));
      StringBuilder line = new StringBuilder();
      CORPUS.forEach(snapshot -> line.append(parsed.test(snapshot) ? '1' : '0'));
      return line.toString();
    } catch (IOException e) {
      return e.toString().contains("no regular expression") ? "no expression" : "error";
    }
  }

  private static Snapshot snapshot(
      String name, String parent, SnapshotKind kind, Map<String, String> labels) {
    return new Snapshot(
        1,
        name,
        parent.isEmpty() ? Optional.empty() : Optional.of(parent),
        kind,
        labels,
        Instant.EPOCH,
        Instant.EPOCH,
        Usage.NONE,
        false,
        0);
  }
}
