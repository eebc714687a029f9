package io.imageharbour.pool.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.imageharbour.indexer.Digest;
import io.imageharbour.pool.proto.ImageUse;
import io.imageharbour.pool.proto.UsedRequest;
import java.util.Collections;
import org.junit.jupiter.api.Test;

class ControlMessagesTest {

  private static final ByteString IMAGE = ByteString.copyFrom(Digest.EMPTY.toBytes());
  private static final ImageUse USE =
      ImageUse.newBuilder()
          .setImage(IMAGE)
          .setName("r.test/a:1")
          .setSize(5)
          .setFiles(4)
          .setStarts(3)
          .setMissedBytes(2)
          .build();

  @Test
  void usesAreReadAsTheyWereTold() {
    assertThat(ControlMessages.uses(UsedRequest.newBuilder().addImages(USE).build()))
        .containsExactly(
            new io.imageharbour.pool.cluster.ImageUse(Digest.EMPTY, "r.test/a:1", 5, 4, 3, 2));
  }

  @Test
  void whatNoNodeTellsIsRefused() {
    refused(USE.toBuilder().setImage(IMAGE.substring(1)).build());
    refused(USE.toBuilder().setName("").build());
    refused(USE.toBuilder().setName("a\nb").build());
    // a number above 2^63 is less than 0 here
    refused(USE.toBuilder().setStarts(-1).build());
    refused(USE.toBuilder().setMissedBytes(Long.MIN_VALUE).build());
    UsedRequest many =
        UsedRequest.newBuilder()
            .addAllImages(Collections.nCopies(ControlMessages.MAX_USES + 1, USE))
            .build();
    assertThatThrownBy(() -> ControlMessages.uses(many)).hasMessageContaining("too many");
  }

  @Test
  void theImageOfAContentIsADigestOrNothing() {
    assertThat(ControlMessages.image(ByteString.EMPTY)).isEmpty();
    assertThat(ControlMessages.image(IMAGE)).contains(Digest.EMPTY);
    assertThatThrownBy(() -> ControlMessages.image(IMAGE.concat(IMAGE)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static void refused(ImageUse use) {
    assertThatThrownBy(() -> ControlMessages.uses(UsedRequest.newBuilder().addImages(use).build()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
