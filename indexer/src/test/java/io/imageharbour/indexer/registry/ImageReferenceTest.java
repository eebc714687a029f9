package io.imageharbour.indexer.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Digest;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageReferenceTest {

  private static final String HEX = Digest.EMPTY.hex();

  @ParameterizedTest
  @CsvSource({
    "nginx, docker.io/library/nginx:latest",
    "nginx:1.27, docker.io/library/nginx:1.27",
    "bitnami/redis, docker.io/bitnami/redis:latest",
    "docker.io/nginx, docker.io/library/nginx:latest",
    "index.docker.io/a/b:c, docker.io/a/b:c",
    "localhost/a, localhost/a:latest",
    "localhost:5000/a:b, localhost:5000/a:b",
    "127.0.0.1:5000/a/b/c, 127.0.0.1:5000/a/b/c:latest",
    "[::1]:5000/a, [::1]:5000/a:latest",
    "ghcr.io/a/b.c__d--e_f:V_1.0-rc.1, ghcr.io/a/b.c__d--e_f:V_1.0-rc.1",
    "Registry/a, Registry/a:latest",
    "team/app, docker.io/team/app:latest"
  })
  void namesAreReadAsDockerReadsThem(String text, String whole) throws Exception {
    assertThat(ImageReference.parse(text)).hasToString(whole);
  }

  @Test
  void aDigestCountsMoreThanATag() throws Exception {
    ImageReference reference = ImageReference.parse("ghcr.io/a/b:1@sha256:" + HEX);
    assertThat(reference.tag()).contains("1");
    assertThat(reference.tagOrDigest()).isEqualTo("sha256:" + HEX);
    assertThat(reference).hasToString("ghcr.io/a/b:1@sha256:" + HEX);
    assertThat(reference.withTag("2")).hasToString("ghcr.io/a/b:2");
    assertThat(ImageReference.parse("ghcr.io/a/b@sha256:" + HEX))
        .hasToString("ghcr.io/a/b@sha256:" + HEX);
    assertThat(ImageReference.parse("ghcr.io/a/b").withDigest(Digest.EMPTY).tagOrDigest())
        .isEqualTo("sha256:" + HEX);
    assertThat(ImageReference.parse("ghcr.io/a/b").tagOrDigest()).isEqualTo("latest");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":",
        "/",
        "@",
        "Nginx",
        "nginx:",
        "nginx:-a",
        "nginx:a b",
        "nginx@sha256:12",
        "nginx@sha512:12",
        "nginx@",
        "a//b",
        "a/../b",
        "/a",
        "a/",
        "a.b/",
        "http://ghcr.io/a",
        "ghcr.io:99999/a",
        "ghcr.io:0/a",
        "ghcr.io:port/a",
        "user@ghcr.io/a",
        "-ghcr.io/a",
        "[::1/a",
        "a\nb/c",
        "a\u0000"
      })
  void whatIsNoReferenceIsRefusedInOneLine(String text) {
    assertThatThrownBy(() -> ImageReference.parse(text))
        .isInstanceOf(InvalidReferenceException.class)
        .hasMessageContaining("is no image reference: ")
        .hasMessageContaining("Expected [HOST[:PORT]/]NAME[:TAG][@sha256:DIGEST]")
        .message()
        .doesNotContain("\n", "\u0000")
        .doesNotContain("null");
  }

  @Test
  void namesAndTagsThatAreTooLongAreRefused() throws Exception {
    assertThat(ImageReference.parse("a:" + "t".repeat(128)).tag()).isPresent();
    assertThat(ImageReference.parse("x.y/" + "n".repeat(255)).repository().path()).hasSize(255);
    for (String text :
        new String[] {
          "a:" + "t".repeat(129),
          "x.y/" + "n".repeat(256),
          "h".repeat(300) + ".x/a",
          "a".repeat(1_000_000),
          "a/".repeat(1_000_000),
          "a-".repeat(1_000_000)
        }) {
      assertThatThrownBy(() -> ImageReference.parse(text))
          .isInstanceOf(InvalidReferenceException.class)
          .message()
          .hasSizeLessThan(1000);
    }
  }

  @Property
  void whateverIsTypedIsReadOrRefused(@ForAll String text) {
    try {
      ImageReference reference = ImageReference.parse(text);
      assertThat(reference.repository().path()).isNotEmpty();
    } catch (InvalidReferenceException e) {
      assertThat(e).hasMessageContaining("Expected");
    }
  }

  @Property
  void whatIsPrintedIsReadBack(@ForAll("references") ImageReference reference) throws Exception {
    ImageReference read = ImageReference.parse(reference.toString());
    assertThat(read.repository()).isEqualTo(reference.repository());
    assertThat(read.tagOrDigest()).isEqualTo(reference.tagOrDigest());
    assertThat(read).hasToString(reference.toString());
    assertThat(RepositoryName.parse(reference.repository().toString()))
        .isEqualTo(reference.repository());
  }

  @Provide
  Arbitrary<ImageReference> references() {
    Arbitrary<String> part =
        Arbitraries.strings().withCharRange('a', 'z').ofMinLength(1).ofMaxLength(8);
    Arbitrary<String> registry =
        Arbitraries.of("localhost", "ghcr.io", "a.b.example:5000", "[::1]:80", "10.0.0.1", "Host");
    Arbitrary<String> path =
        Combinators.combine(part, part, Arbitraries.of(".", "_", "__", "-", "---", "/"))
            .as((a, b, separator) -> a + separator + b);
    Arbitrary<Optional<String>> tag = part.map(text -> "A." + text).optional();
    Arbitrary<Optional<Digest>> digest = Arbitraries.of(Digest.EMPTY).optional();
    return Combinators.combine(registry, path, tag, digest)
        .as((r, p, t, d) -> new ImageReference(new RepositoryName(r, p), t, d));
  }
}
