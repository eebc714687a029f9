package io.imageharbour.indexer.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.indexer.registry.ScriptedServer.Reply;
import java.net.Proxy;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EnvironmentProxiesTest {

  @TempDir Path directory;

  private static boolean isProxied(Map<String, String> environment, String uri) throws Exception {
    return new EnvironmentProxies(environment).select(URI.create(uri)).getFirst().type()
        == Proxy.Type.HTTP;
  }

  @Test
  void eachSchemeHasItsProxy() throws Exception {
    assertThat(isProxied(Map.of("HTTPS_PROXY", "http://p:3128"), "https://a.example/")).isTrue();
    assertThat(isProxied(Map.of("https_proxy", "p:3128"), "https://a.example/")).isTrue();
    assertThat(isProxied(Map.of("HTTPS_PROXY", "http://p:3128"), "http://a.example/")).isFalse();
    assertThat(isProxied(Map.of("HTTP_PROXY", "p"), "http://a.example/")).isTrue();
    assertThat(isProxied(Map.of("HTTP_PROXY", "p", "REQUEST_METHOD", "GET"), "http://a.example/"))
        .isFalse();
    assertThat(isProxied(Map.of(), "https://a.example/")).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "a.example, https://a.example/, false",
    "a.example, https://sub.a.example/, false",
    "a.example, https://ba.example/, true",
    ".a.example, https://sub.a.example/, false",
    "*.a.example, https://sub.a.example/, false",
    "a.example:5000, https://a.example:5000/, false",
    "a.example:5000, https://a.example/, true",
    "*, https://a.example/, false",
    "10.0.0.0/8, https://10.1.2.3/, false",
    "10.0.0.0/8, https://11.1.2.3/, true",
    "10.0.0.1, https://10.0.0.1:5000/, false",
    "'x, a.example', https://a.example/, false",
    "nonsense/99, https://a.example/, true",
    "'', https://localhost:5000/, false",
    "'', https://127.0.0.1/, false",
    "'', https://[::1]:5000/, false"
  })
  void exceptionsAreMadeAsGoMakesThem(String exceptions, String uri, boolean proxied)
      throws Exception {
    assertThat(isProxied(Map.of("HTTPS_PROXY", "http://p:3128", "NO_PROXY", exceptions), uri))
        .isEqualTo(proxied);
  }

  @Test
  void aProxyThatIsNoneIsNamedWithoutItsPassword() {
    for (String value :
        new String[] {"socks5://u:secret@p", "http://u:secret@", "http://secret bad"}) {
      assertThatThrownBy(() -> new EnvironmentProxies(Map.of("HTTPS_PROXY", value)))
          .isInstanceOf(RegistryConfigurationException.class)
          .hasMessageContaining("HTTPS_PROXY")
          .hasMessageNotContaining("secret");
    }
  }

  @Test
  void requestsGoThroughTheProxyWithItsPasswordOnceItAsksForOne() throws Exception {
    try (ScriptedServer proxy =
            new ScriptedServer(
                request ->
                    request.has("Proxy-Authorization")
                        ? Reply.of(200, "{}")
                            .with("Content-Type", "application/vnd.oci.image.index.v1+json")
                        : Reply.of(407).with("Proxy-Authenticate", "Basic realm=\"p\""));
        RegistryClient client =
            new RegistryClient(
                TestClients.settings(directory).withPlainHttp(true),
                Map.of("HTTP_PROXY", "http://u%40x:p%3Aw@" + proxy.host()))) {
      Repository repository = client.repository(new RepositoryName("registry.example", "a"));
      assertThat(repository.manifest("latest").bytes()).hasSize(2);
      assertThat(proxy.requests().getLast().target())
          .isEqualTo("http://registry.example/v2/a/manifests/latest");
      assertThat(proxy.requests().getLast().header("Proxy-Authorization"))
          .isEqualTo("Basic dUB4OnA6dw==");
      assertThat(proxy.requests().getLast().has("Authorization")).isFalse();
    }
  }
}
