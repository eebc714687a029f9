package io.imageharbour.indexer.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlatformTest {

  @Test
  void namesAreCanonical() {
    assertThat(Platform.parse("Linux/x86_64")).isEqualTo(Platform.parse("linux/amd64"));
    assertThat(Platform.parse("linux/aarch64")).isEqualTo(Platform.parse("linux/arm64/v8"));
    assertThat(Platform.parse("linux/arm/v7")).hasToString("linux/arm/v7");
    assertThat(Platform.parse("linux/i386")).hasToString("linux/386");
    assertThat(Platform.ofThisMachine().os()).isEqualTo("linux");
  }

  @Test
  void aWishWithoutAVariantTakesAnyVariant() {
    Platform v7 = Platform.parse("linux/arm/v7");
    assertThat(v7.satisfies(Platform.parse("linux/arm"))).isTrue();
    assertThat(v7.satisfies(Platform.parse("linux/arm/v6"))).isFalse();
    assertThat(v7.satisfies(Platform.parse("linux/arm64"))).isFalse();
    assertThat(v7.satisfies(Platform.parse("windows/arm"))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "linux", "linux/", "/amd64", "linux/arm/v7/x", "linux/a b", "l\n/x"})
  void otherTextIsRefused(String text) {
    assertThatThrownBy(() -> Platform.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }
}
