package io.imageharbour.indexer.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Keys in every form that openssl writes. */
class PemFileTest {

  @TempDir Path directory;

  private PemFile made(String... command) throws Exception {
    Path file = directory.resolve("key.pem");
    List<String> all = new ArrayList<>(List.of("openssl"));
    all.addAll(List.of(command));
    all.addAll(2, List.of("-out", file.toString()));
    RegistryProcess.run(all);
    return PemFile.read(file);
  }

  @Test
  void rsaKeysAreReadInBothForms() throws Exception {
    assertThat(made("genrsa", "2048").privateKey().orElseThrow().getAlgorithm()).isEqualTo("RSA");
    assertThat(made("genrsa", "-traditional", "2048").privateKey().orElseThrow().getAlgorithm())
        .isEqualTo("RSA");
  }

  @Test
  void ellipticCurveKeysAreReadInBothForms() throws Exception {
    for (String curve : List.of("prime256v1", "secp384r1", "secp521r1")) {
      assertThat(
              made("ecparam", "-name", curve, "-genkey").privateKey().orElseThrow().getAlgorithm())
          .isEqualTo("EC");
    }
    assertThat(
            made("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
                .privateKey()
                .orElseThrow()
                .getAlgorithm())
        .isEqualTo("EC");
    assertThat(made("genpkey", "-algorithm", "ED25519").privateKey()).isPresent();
  }

  @Test
  void whatCantBeReadIsNamed() throws Exception {
    assertThatThrownBy(
            () -> made("genpkey", "-algorithm", "ED25519", "-aes256", "-pass", "pass:secret"))
        .isInstanceOf(RegistryConfigurationException.class)
        .hasMessageContaining("key.pem holds an encrypted private key")
        .hasMessageNotContaining("secret");
    Path file = directory.resolve("broken.pem");
    for (String body : List.of("AAAA", "!!!!", "")) {
      Files.writeString(
          file, "-----BEGIN EC PRIVATE KEY-----\n" + body + "\n-----END EC PRIVATE KEY-----\n");
      assertThatThrownBy(() -> PemFile.read(file))
          .isInstanceOf(RegistryConfigurationException.class)
          .hasMessageContaining("broken.pem");
    }
    Files.writeString(file, "nothing");
    assertThat(PemFile.read(file).certificates()).isEmpty();
    assertThat(PemFile.read(file).privateKey()).isEmpty();
    assertThatThrownBy(() -> PemFile.read(directory.resolve("no.pem")))
        .isInstanceOf(RegistryConfigurationException.class)
        .hasMessageContaining("no.pem");
  }
}
