package io.imageharbour.indexer.registry;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;

/** What a user has for a registry. Never printed. */
sealed interface Credentials {

  /** The texts that must not show up anywhere. */
  List<String> secrets();

  /** Nothing. */
  record Anonymous() implements Credentials {
    @Override
    public List<String> secrets() {
      return List.of();
    }
  }

  /** A user name and a password. */
  record Password(String user, String password) implements Credentials {

    /** The value of an {@code Authorization} header. */
    String basic() {
      byte[] pair = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
      return "Basic " + Base64.getEncoder().encodeToString(pair);
    }

    @Override
    public List<String> secrets() {
      return List.of(password, basic().substring("Basic ".length()));
    }

    @Override
    public String toString() {
      return "Password[…]";
    }
  }

  /** A refresh token, to be exchanged for bearer tokens at the token server. */
  record IdentityToken(String token) implements Credentials {
    @Override
    public List<String> secrets() {
      return List.of(token);
    }

    @Override
    public String toString() {
      return "IdentityToken[…]";
    }
  }

  /** A bearer token, to be sent to the registry as it is. */
  record RegistryToken(String token) implements Credentials {
    @Override
    public List<String> secrets() {
      return List.of(token);
    }

    @Override
    public String toString() {
      return "RegistryToken[…]";
    }
  }
}
