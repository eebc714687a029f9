package io.imageharbour.snapshotter.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.RepositoryName;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class OriginsTest {

  private static final Digest LAYER = Digest.sha256(new byte[] {1});
  private static final String NAME = "default/17/" + LAYER;
  private static final String ASKED = "containerd:default/" + LAYER;

  @Test
  void theClientsReferenceComesFirstThenWhatContainerdKnowsThenTheIndex() {
    assertThat(
            ImageOrigins.of(
                NAME,
                Map.of("containerd.io/snapshot/cri.image-ref", "registry.test/copied:v1"),
                List.of("origin.test/made", "registry.test/copied")))
        .containsExactly("registry.test/copied", ASKED, "origin.test/made");
  }

  @Test
  void aNameThatIsNotContainerdsOrAReferenceThatIsNoneIsLeftOut() {
    Map<String, String> labels = Map.of("containerd.io/snapshot/cri.image-ref", "NO REFERENCE");
    for (String name : List.of("layer", "a/b/" + LAYER, "a/1/sha256:12", LAYER.toString())) {
      assertThat(ImageOrigins.of(name, labels, List.of("o.test/x"))).containsExactly("o.test/x");
    }
  }

  @Test
  void whatContainerdKnowsTakesThePlaceOfTheQuestion() {
    OriginOrder order =
        new OriginOrder(
            layer -> {
              assertThat(layer).isEqualTo(new LayerOrigin("default", LAYER));
              return List.of(name("b.test/x"), name("a.test/x"));
            },
            () -> 0);
    assertThat(order.repositories(List.of("a.test/x", ASKED, "BAD NAME", "c.test/x")))
        .containsExactly(name("a.test/x"), name("b.test/x"), name("c.test/x"));
  }

  @Test
  void aRepositoryThatFailedIsAskedLastForAMinute() {
    AtomicLong now = new AtomicLong();
    OriginOrder order = new OriginOrder(layer -> List.of(), now::get);
    List<String> origins = List.of("a.test/x", "b.test/x");
    order.failed(name("a.test/x"));
    assertThat(order.repositories(origins)).containsExactly(name("b.test/x"), name("a.test/x"));
    now.addAndGet(Duration.ofSeconds(61).toNanos());
    assertThat(order.repositories(origins)).containsExactly(name("a.test/x"), name("b.test/x"));
    order.failed(name("a.test/x"));
    order.succeeded(name("a.test/x"));
    assertThat(order.repositories(origins)).containsExactly(name("a.test/x"), name("b.test/x"));
  }

  @Test
  void aRepositoryThatProvedGoodIsAskedBeforeThoseBehindTheFirst() {
    OriginOrder order = new OriginOrder(layer -> List.of(), () -> 0);
    order.succeeded(name("d.test/x"));
    List<String> origins = List.of("a.test/x", "b.test/x", "c.test/x", "d.test/x");
    assertThat(order.repositories(origins))
        .containsExactly(name("a.test/x"), name("d.test/x"), name("b.test/x"), name("c.test/x"));
    order.failed(name("a.test/x"));
    assertThat(order.repositories(origins).getLast()).isEqualTo(name("a.test/x"));
  }

  @Test
  void aRegistryOnAHostNamedContainerdIsARegistry() {
    OriginOrder order =
        new OriginOrder(
            layer -> {
              throw new AssertionError("nobody asked containerd");
            },
            () -> 0);
    assertThat(order.repositories(List.of("containerd:5000/foo")))
        .containsExactly(name("containerd:5000/foo"));
  }

  private static RepositoryName name(String text) {
    int slash = text.indexOf('/');
    return new RepositoryName(text.substring(0, slash), text.substring(slash + 1));
  }
}
