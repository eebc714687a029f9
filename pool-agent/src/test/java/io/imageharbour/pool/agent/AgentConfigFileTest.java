package io.imageharbour.pool.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.imageharbour.pool.policy.PolicyKind;
import io.imageharbour.pool.process.ConfigurationException;
import io.imageharbour.pool.security.PoolSecurity;
import io.imageharbour.pool.security.TestCertificates;
import java.net.Inet4Address;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class AgentConfigFileTest {

  @TempDir private Path directory;

  @Test
  void theFileInPackagingSaysWhatHoldsAnyway() throws Exception {
    String shipped = Files.readString(Path.of("../packaging/src/main/etc/agent.toml"));
    String uncommented =
        shipped
            .replaceAll("(?m)^#(?=[a-z-]+ = )", "")
            .replace("/etc/harbour/pool.token", token().toString());
    assertThat(uncommented).contains("\nmemory = ", "\npreload-from = ", "\npolicy = ");
    AgentConfig nothing = parse("");
    assertThat(AgentConfigFile.parse("shipped", uncommented, AgentConfigFile.Options.NONE))
        .usingRecursiveComparison()
        .ignoringFields("security")
        .isEqualTo(nothing);
  }

  @Test
  void optionsComeBeforeTheFile() throws Exception {
    AgentConfig config =
        AgentConfigFile.parse(
            "test",
            """
            memory = "1GiB"
            transports = ["shm"]
            listen = "127.0.0.1:1"
            [security]
            token-file = "%s"
            """
                .formatted(token()),
            new AgentConfigFile.Options(
                Optional.of("64MiB"),
                Optional.of(List.of("tcp", "shm")),
                Optional.of("127.0.0.2:2")));
    assertThat(config.memory()).isEqualTo(64 << 20);
    assertThat(config.transports()).containsExactly("tcp", "shm");
    assertThat(config.listen()).isEqualTo("127.0.0.2:2");
  }

  @Test
  void certificatesAreThreeFilesAndMakeItTls() throws Exception {
    PoolSecurity unused = TestCertificates.make(directory, "own");
    String certificate = "certificate = \"%s/own.pem\"\n".formatted(directory);
    String others =
        "key = \"%s/own.key\"\nauthorities = \"%s/own-authority.pem\"\n"
            .formatted(directory, directory);
    assertThat(parseSecurity(certificate + others).context()).isPresent();
    assertThat(parseSecurity("token-file = \"" + token() + "\"").context()).isEmpty();
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> parseSecurity(others))
        .withMessageContaining("certificate");
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> parseSecurity(certificate))
        .withMessageContaining("TLS");
  }

  @Test
  void theRdmaDeviceIsWhereTheAgentListensUnlessTheFileSaysOtherwise() throws Exception {
    String rdma = "transports = [\"rdma\"]\n";
    assertThat(parse(rdma + "listen = \"10.0.0.7:7410\"").rdmaAddresses())
        .containsExactly(Inet4Address.ofLiteral("10.0.0.7"));
    assertThat(
            parse(rdma + "listen = \"10.0.0.7:7410\"\nrdma-addresses = [\"10.1.0.7\"]")
                .rdmaAddresses())
        .containsExactly(Inet4Address.ofLiteral("10.1.0.7"));
    assertThat(parse("listen = \"10.0.0.7:7410\"").rdmaAddresses()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.0.0.7", "10.0.0.7:", ":7410", "10.0.0.7:74100", "::1:7410", ""})
  void whereItListensIsHostAndPort(String listen) {
    AgentConfigFile.Options option =
        new AgentConfigFile.Options(Optional.empty(), Optional.empty(), Optional.of(listen));
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> AgentConfigFile.parse("test", "", option))
        .withMessageContaining("--listen")
        .withMessageContaining("host:port");
    if (!listen.isEmpty()) {
      assertThatExceptionOfType(ConfigurationException.class)
          .isThrownBy(() -> parse("listen = \"" + listen + "\""))
          .withMessageContaining("host:port");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1:7410", "0.0.0.0:7410", "[2001:db8::7]:7410", "node7:7410"})
  void anRdmaDeviceIsNotGuessedFrom(String listen) {
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> parse("transports = [\"rdma\"]\nlisten = \"" + listen + "\""))
        .withMessageContaining("rdma-addresses")
        .withMessageContaining(listen);
  }

  private static PoolSecurity parseSecurity(String lines) throws ConfigurationException {
    return AgentConfigFile.parse("test", "[security]\n" + lines, AgentConfigFile.Options.NONE)
        .security();
  }

  @ParameterizedTest
  @EnumSource
  void thePolicyIsChosenByItsName(PolicyKind policy) throws Exception {
    assertThat(parse("policy = \"" + policy.configName() + "\"").policy()).isEqualTo(policy);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0:7410", "[::]:7410"})
  void anAddressThatIsEveryAddressIsNothingToRegister(String listen) throws Exception {
    String toml = "listen = \"" + listen + "\"\n";
    assertThat(parse(toml).listen()).isEqualTo(listen);
    assertThatExceptionOfType(ConfigurationException.class)
        .isThrownBy(() -> parse(toml + "[etcd]\nendpoints = [\"http://127.0.0.1:1\"]\n"))
        .withMessageContaining("listen")
        .withMessageContaining("nodes");
  }

  @Test
  void aUserOfEtcdNeedsAPasswordAndThePasswordAUser() {
    for (String line : new String[] {"user = \"u\"\n", "password-file = \"/p\"\n"}) {
      assertThatExceptionOfType(ConfigurationException.class)
          .isThrownBy(() -> parse("[etcd]\nendpoints = [\"http://127.0.0.1:1\"]\n" + line))
          .withMessageContaining("password-file");
    }
  }

  private Path token() {
    return directory.resolve("token");
  }

  private AgentConfig parse(String toml) throws ConfigurationException {
    return AgentConfigFile.parse(
        "test",
        toml + "\n[security]\ntoken-file = \"" + token() + "\"\n",
        AgentConfigFile.Options.NONE);
  }
}
