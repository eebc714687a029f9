package io.imageharbour.indexer.registry;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.hc.client5.http.auth.AuthScope;
import org.apache.hc.client5.http.auth.CredentialsProvider;
import org.apache.hc.client5.http.auth.UsernamePasswordCredentials;
import org.apache.hc.client5.http.impl.auth.BasicCredentialsProvider;

/**
 * The proxies that {@code HTTPS_PROXY}, {@code HTTP_PROXY} and {@code NO_PROXY} name, as containerd
 * and Docker understand them: in upper or lower case, {@code NO_PROXY} a list of host names (with
 * their subdomains), addresses and networks, or {@code *}. Loopback is never asked through a proxy.
 *
 * @see <a href="https://pkg.go.dev/golang.org/x/net/http/httpproxy">Go's package httpproxy</a>
 */
final class EnvironmentProxies extends ProxySelector {

  private final Optional<URI> forHttp;
  private final Optional<URI> forHttps;
  private final List<String> exceptions;

  EnvironmentProxies(Map<String, String> environment) throws RegistryConfigurationException {
    // A CGI program's HTTP_PROXY may come from a request's header; Go refuses it there too.
    boolean cgi = environment.containsKey("REQUEST_METHOD");
    forHttp = cgi ? Optional.empty() : proxy(environment, "HTTP_PROXY");
    forHttps = proxy(environment, "HTTPS_PROXY");
    exceptions = new ArrayList<>();
    for (String exception : value(environment, "NO_PROXY").split(",", -1)) {
      String host = exception.strip().toLowerCase(Locale.ROOT);
      if (!host.isEmpty()) {
        exceptions.add(host);
      }
    }
  }

  private static Optional<URI> proxy(Map<String, String> environment, String name)
      throws RegistryConfigurationException {
    String value = value(environment, name).strip();
    if (value.isEmpty()) {
      return Optional.empty();
    }
    try {
      URI uri = new URI(value.contains("://") ? value : "http://" + value);
      if (uri.getHost() == null || !"http".equalsIgnoreCase(uri.getScheme())) {
        throw new RegistryConfigurationException(
            name + " does not name a proxy. Expected http://[USER:PASSWORD@]HOST[:PORT]");
      }
      return Optional.of(uri);
    } catch (URISyntaxException e) {
      // The value may hold a password, and so may the exception's message.
      throw new RegistryConfigurationException(
          name + " is no address. Expected http://[USER:PASSWORD@]HOST[:PORT]");
    }
  }

  private static String value(Map<String, String> environment, String name) {
    String upper = environment.getOrDefault(name, "");
    return upper.isEmpty() ? environment.getOrDefault(name.toLowerCase(Locale.ROOT), "") : upper;
  }

  @Override
  public List<Proxy> select(URI uri) {
    Optional<URI> proxy = Origin.HTTPS.equalsIgnoreCase(uri.getScheme()) ? forHttps : forHttp;
    if (proxy.isEmpty() || isExcepted(uri)) {
      return List.of(Proxy.NO_PROXY);
    }
    return List.of(
        new Proxy(
            Proxy.Type.HTTP,
            InetSocketAddress.createUnresolved(proxy.get().getHost(), port(proxy.get()))));
  }

  private boolean isExcepted(URI uri) {
    String host = Origin.of(uri).host();
    if (Loopback.isLoopback(host)) {
      return true;
    }
    int port = Origin.of(uri).port();
    return exceptions.stream().anyMatch(exception -> matches(exception, host, port));
  }

  private static boolean matches(String exception, String host, int port) {
    if (exception.equals("*")) {
      return true;
    }
    String name = exception;
    int colon = name.lastIndexOf(':');
    if (colon > 0 && colon > name.lastIndexOf(']') && name.indexOf(':') == colon) {
      if (!name.substring(colon + 1).equals(Integer.toString(port))) {
        return false;
      }
      name = name.substring(0, colon);
    }
    if (name.indexOf('/') > 0) {
      return AddressBlock.parse(name).map(block -> block.contains(host)).orElse(false);
    }
    name = name.startsWith("*.") ? name.substring(1) : name;
    return name.startsWith(".")
        ? host.endsWith(name)
        : host.equals(name) || host.endsWith("." + name);
  }

  /** User names and passwords that the proxies' addresses hold; nothing for any other host. */
  CredentialsProvider credentials() {
    BasicCredentialsProvider provider = new BasicCredentialsProvider();
    forHttp.ifPresent(proxy -> addCredentials(provider, proxy));
    forHttps.ifPresent(proxy -> addCredentials(provider, proxy));
    return provider;
  }

  private static void addCredentials(BasicCredentialsProvider provider, URI proxy) {
    String user = proxy.getRawUserInfo();
    if (user != null) {
      int colon = user.indexOf(':');
      String name = colon < 0 ? user : user.substring(0, colon);
      String password = colon < 0 ? "" : user.substring(colon + 1);
      provider.setCredentials(
          new AuthScope(proxy.getHost(), port(proxy)),
          new UsernamePasswordCredentials(decoded(name), decoded(password).toCharArray()));
    }
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  private static int port(URI proxy) {
    return proxy.getPort() < 0 ? 80 : proxy.getPort();
  }

  @Override
  public void connectFailed(URI uri, SocketAddress address, IOException e) {
    // The request that needed the proxy fails with this exception; there is no other to choose.
  }

  /** A network such as {@code 10.0.0.0/8}. */
  private record AddressBlock(byte[] network, int prefix) {

    static Optional<AddressBlock> parse(String text) {
      int slash = text.indexOf('/');
      String address = text.substring(0, slash);
      String prefix = text.substring(slash + 1);
      if (!Loopback.isAddress(address) || !prefix.matches("[0-9]{1,3}")) {
        return Optional.empty();
      }
      byte[] network = InetAddress.ofLiteral(address).getAddress();
      int bits = Integer.parseInt(prefix);
      return bits > 8 * network.length
          ? Optional.empty()
          : Optional.of(new AddressBlock(network, bits));
    }

    boolean contains(String host) {
      if (!Loopback.isAddress(host)) {
        return false;
      }
      byte[] address = Loopback.parse(host).getAddress();
      if (address.length != network.length) {
        return false;
      }
      for (int bit = 0; bit < prefix; bit++) {
        int mask = 0x80 >>> (bit & 7);
        if (((address[bit >> 3] ^ network[bit >> 3]) & mask) != 0) {
          return false;
        }
      }
      return true;
    }
  }
}
