package io.imageharbour.indexer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class DigestTest {

  @Test
  void theDigestOfNothingIsTheOneOfTheStandard() {
    assertThat(Digest.EMPTY)
        .hasToString("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  }

  @Test
  void bytesAndHexComeBackAsTheyWere() {
    Digest digest = Digest.sha256(new byte[] {1, 2, 3});
    assertThat(Digest.fromBytes(digest.toBytes())).isEqualTo(digest);
    assertThat(Digest.parse(digest.toString())).isEqualTo(digest);
  }

  @Test
  void otherAlgorithmsUpperCaseAndWrongLengthsAreRefused() {
    assertThatThrownBy(() -> Digest.parse("sha512:00")).hasMessageContaining("not a sha256 digest");
    assertThatThrownBy(() -> Digest.fromHex("AB".repeat(32))).hasMessageContaining("lower-case");
    assertThatThrownBy(() -> Digest.fromHex("ab")).hasMessageContaining("64");
  }

  @Test
  void digestsAreOrderedAsUnsignedBytes() {
    assertThat(Digest.fromHex("00".repeat(32))).isLessThan(Digest.fromHex("ff".repeat(32)));
  }
}
