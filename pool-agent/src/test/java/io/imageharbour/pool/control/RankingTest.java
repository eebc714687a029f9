package io.imageharbour.pool.control;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.cluster.Admission;
import io.imageharbour.pool.cluster.CatalogImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

class RankingTest {

  @Test
  void theMostPopularThatFitAreAdmitted() {
    List<RankedImage> order =
        Ranking.of(
            List.of(image(1, 40, 1, 0), image(2, 70, 5, 0), image(3, 50, 3, 1), image(4, 10, 2, 0)),
            100);
    assertThat(order).extracting(RankingTest::number).containsExactly(2, 3, 4, 1);
    // 3 does not fit beside 2, and what does goes in its place
    assertThat(admitted(order)).containsExactlyInAnyOrder(2, 4);
  }

  @Test
  void missesCountAsStartsDo() {
    List<RankedImage> order = Ranking.of(List.of(image(1, 60, 3, 0), image(2, 60, 1, 2.5)), 100);
    assertThat(admitted(order)).containsExactly(2);
  }

  @Test
  void twoOfAboutTheSamePopularityDoNotTakeTurns() {
    RankedImage in = image(1, 60, 4, 0).withAdmitted(true);
    assertThat(admitted(Ranking.of(List.of(in, image(2, 60, 4.9, 0)), 100))).containsExactly(1);
    assertThat(admitted(Ranking.of(List.of(in, image(2, 60, 5.1, 0)), 100))).containsExactly(2);
  }

  @Test
  void whatHasNoSizeYetOrIsForgottenIsNotAdmitted() {
    assertThat(admitted(Ranking.of(List.of(image(1, 0, 5, 0), image(2, 1, 0.009, 0)), 100)))
        .isEmpty();
  }

  @Test
  void fadedImagesAreForgottenAndTheLeastPopularOfTooMany() {
    List<RankedImage> few =
        Ranking.of(List.of(image(1, 1, 1, 0), image(2, 1, 0.004, 0.005), image(3, 1, 0, 0)), 9);
    assertThat(Ranking.forgettable(few)).extracting(RankingTest::number).containsExactly(3, 2);

    List<RankedImage> many = new ArrayList<>();
    for (int i = 0; i < Ranking.MOST_KEPT + 2; i++) {
      many.add(image(i, 1, 1 + i, 0));
    }
    assertThat(Ranking.forgettable(Ranking.of(many, 9)))
        .extracting(RankingTest::number)
        .containsExactly(0, 1);
  }

  @Test
  void noMoreAreAdmittedThanARecordTakes() {
    List<RankedImage> many =
        IntStream.range(0, Admission.MAX_IMAGES + 5).mapToObj(i -> image(i, 1, 1, 0)).toList();
    assertThat(admitted(Ranking.of(many, Long.MAX_VALUE))).hasSize(Admission.MAX_IMAGES);
  }

  @Property(tries = 300)
  void whatIsAdmittedFitsAndNoneThatIsMorePopularFitsBeside(
      @ForAll("images") List<RankedImage> images,
      @ForAll @LongRange(min = 0, max = 500) long room) {
    List<RankedImage> order = Ranking.of(images, room);
    long used =
        order.stream()
            .filter(RankedImage::admitted)
            .mapToLong(ranked -> ranked.image().sizeBytes())
            .sum();
    assertThat(used).isLessThanOrEqualTo(room);
    for (RankedImage out : order) {
      if (!out.admitted() && out.image().sizeBytes() > 0 && out.demand() >= Ranking.FADED) {
        assertThat(out.image().sizeBytes()).isGreaterThan(room - used);
      }
    }
  }

  @Property(tries = 300)
  void rankingAgainChangesNothing(
      @ForAll("images") List<RankedImage> images,
      @ForAll @LongRange(min = 0, max = 500) long room) {
    List<RankedImage> once = Ranking.of(images, room);
    assertThat(admitted(Ranking.of(once, room))).isEqualTo(admitted(once));
  }

  @Provide
  Arbitrary<List<RankedImage>> images() {
    Arbitrary<Integer> numbers = Arbitraries.integers().between(0, 200);
    Arbitrary<Integer> sizes = Arbitraries.integers().between(0, 200);
    Arbitrary<Double> demands = Arbitraries.doubles().between(0, 20);
    return Combinators.combine(numbers, sizes, demands, Arbitraries.of(true, false))
        .as((number, size, demand, in) -> image(number, size, demand, 0).withAdmitted(in))
        .list()
        .ofMaxSize(12)
        .uniqueElements(ranked -> ranked.image().id());
  }

  private static RankedImage image(int number, long size, double frequency, double missed) {
    Digest id = Digest.sha256(new byte[] {(byte) number, (byte) (number >> 8)});
    return new RankedImage(
        CatalogImage.of(id, List.of("image:" + number), size, 1), frequency, missed, false);
  }

  private static int number(RankedImage ranked) {
    return Integer.parseInt(ranked.image().names().getFirst().substring("image:".length()));
  }

  private static Set<Integer> admitted(List<RankedImage> order) {
    return order.stream()
        .filter(RankedImage::admitted)
        .map(RankingTest::number)
        .collect(Collectors.toSet());
  }
}
