package io.imageharbour.indexer.registry;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * One challenge of a {@code WWW-Authenticate} header.
 *
 * @param scheme in lower case, such as {@code bearer}
 * @param parameters by name in lower case
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1">RFC 9110, section 11.6.1</a>
 */
record Challenge(String scheme, Map<String, String> parameters) {

  static final String BASIC = "basic";
  static final String BEARER = "bearer";

  private static final int MAX_LENGTH = 16 << 10;

  Challenge {
    parameters = Map.copyOf(parameters);
  }

  Optional<String> parameter(String name) {
    return Optional.ofNullable(parameters.get(name));
  }

  /**
   * Reads every challenge in the values of {@code WWW-Authenticate}. What can't be read ends the
   * value it is in; what was read before counts.
   */
  static List<Challenge> parse(List<String> values) {
    List<Challenge> challenges = new ArrayList<>();
    for (String value : values) {
      new Parser(value.substring(0, Math.min(value.length(), MAX_LENGTH))).parseInto(challenges);
    }
    return challenges;
  }

  private static final class Parser {

    private final String text;
    private int at;

    Parser(String text) {
      this.text = text;
    }

    void parseInto(List<Challenge> challenges) {
      skipSeparators();
      while (at < text.length()) {
        String scheme = token();
        if (scheme.isEmpty()) {
          return;
        }
        Map<String, String> parameters = new HashMap<>();
        boolean readable = parameters(parameters);
        challenges.add(new Challenge(scheme.toLowerCase(Locale.ROOT), parameters));
        if (!readable) {
          return;
        }
        skipSeparators();
      }
    }

    /** Reads parameters up to the next scheme; false if something else stands there. */
    private boolean parameters(Map<String, String> parameters) {
      while (true) {
        skipSeparators();
        int start = at;
        String name = token();
        skipSpace();
        if (name.isEmpty()) {
          return at == text.length();
        }
        if (at == text.length() || text.charAt(at) != '=') {
          // A token that no "=" follows is the next challenge's scheme.
          at = start;
          return true;
        }
        at++;
        skipSpace();
        Optional<String> value =
            at < text.length() && text.charAt(at) == '"' ? quoted() : Optional.of(token());
        if (value.isEmpty()) {
          return false;
        }
        parameters.putIfAbsent(name.toLowerCase(Locale.ROOT), value.get());
        // Base64 in place of parameters ("Negotiate YWJj==") ends with "=" signs.
        while (at < text.length() && text.charAt(at) == '=') {
          at++;
        }
      }
    }

    private String token() {
      int start = at;
      while (at < text.length() && isTokenCharacter(text.charAt(at))) {
        at++;
      }
      return text.substring(start, at);
    }

    private Optional<String> quoted() {
      StringBuilder value = new StringBuilder();
      at++;
      while (at < text.length()) {
        char c = text.charAt(at++);
        if (c == '"') {
          return Optional.of(value.toString());
        }
        if (c == '\\' && at < text.length()) {
          c = text.charAt(at++);
        }
        value.append(c);
      }
      return Optional.empty();
    }

    private void skipSpace() {
      while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\t')) {
        at++;
      }
    }

    private void skipSeparators() {
      while (at < text.length() && " \t,".indexOf(text.charAt(at)) >= 0) {
        at++;
      }
    }

    private static boolean isTokenCharacter(char c) {
      return (c >= 'a' && c <= 'z')
          || (c >= 'A' && c <= 'Z')
          || (c >= '0' && c <= '9')
          || "!#$%&'*+-.^_`|~/:".indexOf(c) >= 0;
    }
  }
}
