package io.imageharbour.indexer.image;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.imageharbour.indexer.Digest;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChainIdsTest {

  @Test
  void areThoseOfTheSpecification() {
    Digest bottom = Digest.sha256("1".getBytes(UTF_8));
    Digest top = Digest.sha256("2".getBytes(UTF_8));
    assertThat(ChainIds.of(List.of(bottom, top)))
        .containsExactly(bottom, Digest.sha256((bottom + " " + top).getBytes(UTF_8)));
  }
}
