package io.imageharbour.indexer.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class ChallengeTest {

  private static List<Challenge> parse(String... values) {
    return Challenge.parse(List.of(values));
  }

  @Test
  void dockerHubsChallengeIsRead() {
    assertThat(
            parse(
                "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
                    + "scope=\"repository:library/nginx:pull,push\""))
        .containsExactly(
            new Challenge(
                "bearer",
                Map.of(
                    "realm",
                    "https://auth.docker.io/token",
                    "service",
                    "registry.docker.io",
                    "scope",
                    "repository:library/nginx:pull,push")));
  }

  @Test
  void severalChallengesInOneValueAreToldApart() {
    assertThat(
            parse("Negotiate YWJj==, Basic realm=\"a, b=\\\"c\\\"\" , , BEARER Realm = x,foo=\"\""))
        .containsExactly(
            new Challenge("negotiate", Map.of("ywjj", "")),
            new Challenge("basic", Map.of("realm", "a, b=\"c\"")),
            new Challenge("bearer", Map.of("realm", "x", "foo", "")));
    assertThat(parse("Basic", "Bearer a=b"))
        .extracting(Challenge::scheme)
        .containsExactly("basic", "bearer");
  }

  @Test
  void valuesWithoutQuotesMayBeAddresses() {
    assertThat(parse("Bearer realm=https://a.example/t,service=x").getFirst().parameter("realm"))
        .contains("https://a.example/t");
  }

  @Test
  void whatCantBeReadEndsTheValueAndNothingElse() {
    assertThat(parse("Basic realm=\"open", "Bearer a=b")).hasSize(2);
    assertThat(parse("", ",,,", "\"", "=", "\u0000")).isEmpty();
  }

  @Property
  void whateverAHostSendsIsRead(@ForAll List<String> values) {
    assertThat(Challenge.parse(values)).allMatch(challenge -> !challenge.scheme().isEmpty());
  }

  @Property
  void whateverIsMadeOfTheRightPiecesIsRead(@ForAll("pieces") String value) {
    assertThat(Challenge.parse(List.of(value))).allMatch(c -> !c.scheme().isEmpty());
  }

  @Provide
  Arbitrary<String> pieces() {
    return Arbitraries.of("Bearer", " ", ",", "=", "\"", "\\", "realm", "a=\"b\"", "==", "\t")
        .list()
        .ofMaxSize(30)
        .map(parts -> String.join("", parts));
  }

  @Property
  void whatIsQuotedIsReadBack(@ForAll("parameters") Map<String, String> parameters) {
    StringBuilder value = new StringBuilder("Bearer ");
    parameters.forEach(
        (name, text) ->
            value
                .append(name)
                .append("=\"")
                .append(text.replace("\\", "\\\\").replace("\"", "\\\""))
                .append("\","));
    assertThat(parse(value.toString())).containsExactly(new Challenge("bearer", parameters));
  }

  @Provide
  Arbitrary<Map<String, String>> parameters() {
    return Arbitraries.maps(
            Arbitraries.strings().withCharRange('a', 'z').ofMinLength(1).ofMaxLength(5),
            Arbitraries.strings().ascii().ofMaxLength(20))
        .ofMaxSize(5)
        .map(LinkedHashMap::new);
  }
}
