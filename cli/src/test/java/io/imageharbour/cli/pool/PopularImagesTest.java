package io.imageharbour.cli.pool;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.cli.text.Json;
import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.client.PoolImages;
import io.imageharbour.pool.cluster.AgentAddress;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PopularImagesTest {

  private static final PoolImages NOBODY =
      new PoolImages(false, Optional.empty(), Optional.empty());

  @Test
  void theLeadersWordIsShown() throws Exception {
    PopularImages images =
        of(
            1,
            knows("b"),
            leads(
                "b",
                image(1, 4, true, Map.of("a", 60L, "b", 20L)),
                image(2, 1.25, false, Map.of())));
    assertThat(text(images))
        .isEqualTo(
            """

            leader: b; 7 images, 1 admitted
            IMAGE        SIZE  STARTS  MISSED  ADMITTED  THERE  WHERE
            r.test/x:1  100 B     4.0     0.5  yes        80 %  a 60 B, b 20 B
            r.test/x:2  100 B     1.3     0.5  no            -
            starts and misses count half after 24 hours
            """);
    JsonNode json = json(images);
    assertThat(json.get("leader").asText()).isEqualTo("b");
    assertThat(json.at("/images/0/there").asDouble()).isEqualTo(0.8);
    assertThat(json.at("/images/0/agents/a").asLong()).isEqualTo(60);
    assertThat(json.at("/images/0/image").asText()).isEqualTo(digest(1).toString());
    assertThat(json.at("/images/1/there").isNull()).isTrue();
    assertThat(json.at("/images/1/starts").asDouble()).isEqualTo(1.25);
  }

  @Test
  void ofSeveralCopiesEachCountsItsPart() throws Exception {
    PopularImages twice = of(2, leads("b", image(1, 4, true, Map.of("a", 100L, "b", 50L))));
    assertThat(json(twice).at("/images/0/there").asDouble()).isEqualTo(0.75);
    PopularImages once = of(2, leads("b", image(1, 4, true, Map.of("a", 100L))));
    assertThat(json(once).at("/images/0/there").asDouble()).isEqualTo(1);
  }

  @Test
  void noMoreThanTenAreShown() throws Exception {
    PoolImages.Image[] many = new PoolImages.Image[12];
    for (int i = 0; i < many.length; i++) {
      many[i] = image(i, 20 - i, true, Map.of());
    }
    PopularImages images = of(1, leads("b", many));
    assertThat(json(images).get("images")).hasSize(10);
    assertThat(text(images)).contains("r.test/x:9").doesNotContain("r.test/x:10");
  }

  @Test
  void aLeaderThatDoesNotAnswerIsNamedAndWithoutOneNothingIsSaid() throws Exception {
    assertThat(text(of(1, NOBODY, knows("b"))))
        .isEqualTo("\nleader: b, from which no word of images came yet\n");
    assertThat(json(of(1, knows("b"))).get("images")).isEmpty();
    assertThat(text(of(1, NOBODY))).isEmpty();
    assertThat(json(of(1, NOBODY)).get("leader").isNull()).isTrue();
    assertThat(text(of(1, NOBODY, new PoolImages(true, Optional.empty(), Optional.empty()))))
        .isEqualTo("\nno agent leads: the agents elect one, or do not reach etcd\n");
  }

  @Test
  void whatAgentsSayCannotWriteToTheTerminal() throws Exception {
    PoolImages.Image wild =
        new PoolImages.Image(digest(1), "a\u001b[2J", 1, 1, 1, 0, true, Map.of("b\u0007", 1L));
    assertThat(text(of(1, leads("c\r", wild)))).doesNotContain("\u001b", "\u0007", "\r");
  }

  private static PopularImages of(int replicas, PoolImages... said) {
    List<Answer<PoolImages>> answers = new ArrayList<>();
    for (PoolImages one : said) {
      answers.add(new Answer<>(AgentAddress.at("a", "h:1", 1), Optional.of(one), Optional.empty()));
    }
    return PopularImages.of(answers, replicas);
  }

  private static PoolImages knows(String leader) {
    return new PoolImages(true, Optional.of(leader), Optional.empty());
  }

  private static PoolImages leads(String leader, PoolImages.Image... images) {
    return new PoolImages(
        true,
        Optional.of(leader),
        Optional.of(
            new PoolImages.Found(
                Duration.ofSeconds(3), 7, 1, Duration.ofHours(24), List.of(images))));
  }

  private static PoolImages.Image image(
      int number, double frequency, boolean admitted, Map<String, Long> agents) {
    return new PoolImages.Image(
        digest(number), "r.test/x:" + number, 100, 5, frequency, 0.5, admitted, agents);
  }

  private static Digest digest(int number) {
    return Digest.sha256(new byte[] {(byte) number});
  }

  private static String text(PopularImages images) throws Exception {
    StringWriter out = new StringWriter();
    images.writeText(out);
    return out.toString();
  }

  private static JsonNode json(PopularImages images) throws Exception {
    StringWriter out = new StringWriter();
    try (var json = Json.generator(out)) {
      json.writeStartObject();
      images.writeJson(json);
      json.writeEndObject();
    }
    return new ObjectMapper().readTree(out.toString());
  }
}
