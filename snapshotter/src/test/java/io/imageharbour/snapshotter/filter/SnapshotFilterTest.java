package io.imageharbour.snapshotter.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.imageharbour.snapshotter.store.Snapshot;
import io.imageharbour.snapshotter.store.SnapshotKind;
import io.imageharbour.snapshotter.store.Usage;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.NotEmpty;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class SnapshotFilterTest {

  @Test
  void filtersAreJoinedByOrAndSelectorsByAnd() throws Exception {
    Snapshot snapshot = snapshot("a", Map.of("x", "1"));
    assertThat(matches(snapshot)).isTrue();
    assertThat(matches(snapshot, "name==b", "labels.x")).isTrue();
    assertThat(matches(snapshot, "name==a,labels.x==2")).isFalse();
    assertThat(matches(snapshot, "kind==active,parent==\"\",labels.x!=2")).isTrue();
  }

  @Property
  void aQuotedLabelFindsExactlyThatLabelWhateverItsNameAndValue(
      @ForAll @NotEmpty String name, @ForAll @NotEmpty String value) throws Exception {
    Snapshot snapshot = snapshot("a", Map.of(name, value));
    String filter = "labels.%s==%s".formatted(quoted(name), quoted(value));
    assertThat(matches(snapshot, filter)).isTrue();
    assertThat(matches(snapshot("a", Map.of(name, value + "x")), filter)).isFalse();
    assertThat(matches(snapshot("a", Map.of(name + "x", value)), filter)).isFalse();
  }

  @Property
  void whateverIsReadIsAFilterOrASyntaxError(@ForAll @StringLength(max = 30) String text) {
    judge(text);
  }

  @Property
  void lookalikesOfFiltersAreFiltersOrSyntaxErrors(
      @ForAll @StringLength(max = 20) @CharRange(from = '!', to = '~') String text) {
    judge(text);
    judge("name==" + text);
    judge("name~=\"" + text);
  }

  @Test
  void aRegularExpressionTakesLinearTime() throws Exception {
    // on a backtracking engine this does not end
    String filter = "name~=/^(a+)+$/";
    assertThat(matches(snapshot("a".repeat(5000) + "b", Map.of()), filter)).isFalse();
  }

  @Test
  void aFilterThatIsTooLongIsRefused() {
    assertThatExceptionOfType(FilterSyntaxException.class)
        .isThrownBy(() -> SnapshotFilter.anyOf(List.of("name==" + "a".repeat(20_000))))
        .withMessageContaining("longer");
  }

  @Test
  void anErrorSaysWhereAndWhat() {
    assertThatExceptionOfType(FilterSyntaxException.class)
        .isThrownBy(() -> SnapshotFilter.anyOf(List.of("name=b")))
        .withMessageContaining("\"name=b\"")
        .withMessageContaining("character 5")
        .withMessageContaining("==, != or ~=");
  }

  private static void judge(String text) {
    try {
      boolean unused = SnapshotFilter.anyOf(List.of(text)).test(snapshot("a", Map.of()));
    } catch (FilterSyntaxException e) {
      assertThat(e).hasMessageContaining("cannot read the filter");
    }
  }

  private static boolean matches(Snapshot snapshot, String... filters) throws Exception {
    return SnapshotFilter.anyOf(List.of(filters)).test(snapshot);
  }

  /** Every UTF-16 unit that is a character, as an escape. */
  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    text.codePoints().forEach(c -> quoted.append("\\U%08x".formatted(c)));
    return quoted.append('"').toString();
  }

  private static Snapshot snapshot(String name, Map<String, String> labels) {
    return new Snapshot(
        1,
        name,
        Optional.empty(),
        SnapshotKind.ACTIVE,
        labels,
        Instant.EPOCH,
        Instant.EPOCH,
        Usage.NONE,
        false,
        0);
  }
}
