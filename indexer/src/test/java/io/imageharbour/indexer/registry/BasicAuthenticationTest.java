package io.imageharbour.indexer.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real registry that wants a password, which comes from where Docker keeps it. */
class BasicAuthenticationTest {

  private static final String SECRET = RegistryProcess.PASSWORD;

  @TempDir static Path directory;
  private static RegistryProcess registry;

  @TempDir Path configuration;

  @BeforeAll
  static void start() throws Exception {
    registry = RegistryProcess.withBasicAuthentication(directory);
  }

  @AfterAll
  static void stop() {
    registry.close();
  }

  @BeforeEach
  void makeDirectories() throws IOException {
    Files.createDirectories(configuration.resolve("docker"));
    Files.createDirectories(configuration.resolve("bin"));
  }

  private void config(String json) throws IOException {
    Files.writeString(
        configuration.resolve("docker/config.json"), json.replace("{host}", registry.host()));
  }

  private static String auth(String password) {
    return Base64.getEncoder().encodeToString((RegistryProcess.USER + ":" + password).getBytes());
  }

  private void helper(String name, String script) throws IOException {
    Path program = configuration.resolve("bin/docker-credential-" + name);
    Files.writeString(program, "#!/bin/sh\n" + script);
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private RegistryClient client() throws IOException {
    return new RegistryClient(
        TestClients.settings(configuration),
        Map.of("PATH", "/nowhere:" + configuration.resolve("bin")));
  }

  private void work() throws IOException, InterruptedException {
    try (RegistryClient client = client()) {
      Repository repository = client.repository(registry.repository("a/b"));
      repository.uploadBlob("{}".getBytes());
      assertThat(repository.hasBlob(Digest.sha256("{}".getBytes()))).isTrue();
    }
  }

  @Test
  void aLoginInTheFileIsUsed() throws Exception {
    config("{\"auths\": {\"{host}\": {\"auth\": \"" + auth(SECRET) + "\"}}}");
    work();
  }

  @Test
  void aUserNameAndPasswordInTheFileAreUsed() throws Exception {
    config(
        "{\"auths\": {\"https://{host}/v2/\": {\"username\": \"captain\", \"password\": \""
            + SECRET
            + "\"}}}");
    work();
  }

  @Test
  void aHelperForTheRegistryIsAskedForIt() throws Exception {
    config("{\"credHelpers\": {\"{host}\": \"vault\"}, \"credsStore\": \"other\"}");
    helper(
        "vault",
        "read server; test \"$1 $server\" = \"get "
            + registry.host()
            + "\" || exit 3\n"
            + "echo '{\"ServerURL\":\"x\",\"Username\":\"captain\",\"Secret\":\""
            + SECRET
            + "\"}'\n");
    work();
  }

  @Test
  void aStoreThatHasNothingLeavesItToTheFile() throws Exception {
    config(
        "{\"auths\": {\"{host}\": {\"auth\": \""
            + auth(SECRET)
            + "\"}}, \"credsStore\": \"empty\"}");
    helper("empty", "echo credentials not found in native keychain; exit 1\n");
    work();
  }

  @Test
  void withoutALoginTheMessageSaysHowToGetOne() {
    assertThatThrownBy(this::work)
        .isInstanceOf(UnauthorizedException.class)
        .hasMessageContaining("wants a user name and a password")
        .hasMessageContaining("docker login " + registry.host());
  }

  @Test
  void aWrongPasswordIsNotRepeatedInTheMessage() throws Exception {
    config("{\"auths\": {\"{host}\": {\"auth\": \"" + auth("wrong-password") + "\"}}}");
    assertThatThrownBy(this::work)
        .isInstanceOf(UnauthorizedException.class)
        .hasMessageContaining("does not accept the user name and password")
        .message()
        .doesNotContain("wrong-password", auth("wrong-password"));
  }

  @Test
  void aLoginThatChangesWhileRunningIsFound() throws Exception {
    config("{\"auths\": {\"{host}\": {\"auth\": \"" + auth("wrong-password") + "\"}}}");
    try (RegistryClient client = client()) {
      Repository repository = client.repository(registry.repository("a/b"));
      assertThatThrownBy(() -> repository.hasBlob(Digest.EMPTY))
          .isInstanceOf(UnauthorizedException.class);
      config("{\"auths\": {\"{host}\": {\"auth\": \"" + auth(SECRET) + "\"}}}");
      assertThat(repository.hasBlob(Digest.EMPTY)).isFalse();
    }
  }

  @Test
  void aHelperThatIsMissingFailsOrHangsIsNamed() throws Exception {
    config("{\"credsStore\": \"gone\"}");
    assertThatThrownBy(this::work)
        .isInstanceOf(RegistryConfigurationException.class)
        .hasMessageContaining("can't run docker-credential-gone");
    config("{\"credsStore\": \"broken\"}");
    helper("broken", "echo vault is sealed; exit 2\n");
    assertThatThrownBy(this::work)
        .isInstanceOf(RegistryConfigurationException.class)
        .hasMessageContaining("docker-credential-broken failed")
        .hasMessageContaining("exit code 2: vault is sealed");
    config("{\"credsStore\": \"odd\"}");
    helper("odd", "echo '{\"Secret\": \"oops-no-json'\n");
    assertThatThrownBy(this::work)
        .isInstanceOf(RegistryConfigurationException.class)
        .hasMessageContaining("no JSON")
        .hasMessageNotContaining("oops");
    config("{\"credsStore\": \"../../bin/evil\"}");
    assertThatThrownBy(this::work)
        .isInstanceOf(RegistryConfigurationException.class)
        .hasMessageContaining("no name of a credential helper");
  }

  @Test
  void aHelperThatHangsIsEnded() throws Exception {
    helper("slow", "sleep 600\n");
    CredentialHelper slow =
        new CredentialHelper(
            configuration.resolve("bin").toString(), java.time.Duration.ofMillis(200));
    assertThatThrownBy(() -> slow.ask("slow", "h"))
        .isInstanceOf(RegistryConfigurationException.class)
        .hasMessageContaining("gave no credentials for h within");
  }

  @Test
  void aBrokenFileIsNamedWithoutItsContents() throws Exception {
    config("{\"auths\": {\"{host}\": {\"auth\": \"topsecret");
    assertThatThrownBy(this::work)
        .isInstanceOf(RegistryConfigurationException.class)
        .hasMessageContaining("config.json is no JSON object")
        .hasMessageNotContaining("topsecret");
  }
}
