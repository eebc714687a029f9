package io.imageharbour.snapshotter.filter;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import io.imageharbour.snapshotter.filter.Selector.Condition;
import java.util.ArrayList;
import java.util.List;

/** Reads one filter; see {@link SnapshotFilter} for the syntax. */
final class FilterParser {

  private static final int END = -1;

  private final String input;
  private int position;

  FilterParser(String input) {
    this.input = input;
  }

  /** The selectors of the filter, none for an empty one. */
  List<Selector> parse() throws FilterSyntaxException {
    List<Selector> selectors = new ArrayList<>();
    if (input.isEmpty()) {
      return selectors;
    }
    if (input.length() > SnapshotFilter.MAX_LENGTH) {
      throw new FilterSyntaxException(
          input.substring(0, 100) + "…", SnapshotFilter.MAX_LENGTH, "longer than is accepted");
    }
    selectors.add(selector());
    while (position < input.length()) {
      if (peek() != ',') {
        throw problem("\",\" or the end expected");
      }
      position++;
      selectors.add(selector());
    }
    return selectors;
  }

  private Selector selector() throws FilterSyntaxException {
    List<String> field = new ArrayList<>();
    field.add(field());
    while (peek() == '.') {
      position++;
      field.add(field());
    }
    if (peek() == ',' || peek() == END) {
      return new Selector(field, new Condition.Present());
    }
    return new Selector(field, condition());
  }

  private String field() throws FilterSyntaxException {
    skipSpace();
    if (peek() == '"') {
      return new QuotedText(input, position).read(this::advanceTo);
    }
    int start = position;
    while (isFieldCharacter(peek())) {
      position++;
    }
    if (position == start) {
      throw problem("a field, or one in double quotes, expected");
    }
    return input.substring(start, position);
  }

  private Condition condition() throws FilterSyntaxException {
    skipSpace();
    int start = position;
    while (isOperatorCharacter(peek())) {
      position++;
    }
    return switch (input.substring(start, position)) {
      case "==" -> new Condition.Equal(value(/* regularExpression= */ false));
      case "!=" -> new Condition.NotEqual(value(/* regularExpression= */ false));
      case "~=" -> matches(value(/* regularExpression= */ true));
      default -> {
        position = start;
        throw problem("==, != or ~= expected");
      }
    };
  }

  private Condition matches(String expression) throws FilterSyntaxException {
    try {
      return new Condition.Matches(Pattern.compile(expression));
    } catch (PatternSyntaxException e) {
      throw problem("no regular expression: " + e.getDescription());
    }
  }

  private String value(boolean regularExpression) throws FilterSyntaxException {
    skipSpace();
    int first = peek();
    if (first == '"' || (regularExpression && (first == '/' || first == '|'))) {
      return new QuotedText(input, position).read(this::advanceTo);
    }
    if (!startsValue(first)) {
      throw problem("a value, or one in double quotes, expected");
    }
    int start = position;
    do {
      position += Character.charCount(peek());
    } while (isValueCharacter(peek()));
    return input.substring(start, position);
  }

  private void advanceTo(int end) {
    position = end;
  }

  private void skipSpace() throws FilterSyntaxException {
    while (isSpace(peek())) {
      position++;
    }
    if (peek() == 0 || peek() == QuotedText.REPLACEMENT) {
      throw problem("a character that is not allowed");
    }
  }

  private int peek() {
    return position < input.length() ? input.codePointAt(position) : END;
  }

  private FilterSyntaxException problem(String what) {
    return new FilterSyntaxException(input, position, what);
  }

  private static boolean isFieldCharacter(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }

  private static boolean isOperatorCharacter(int c) {
    return c == '=' || c == '!' || c == '~';
  }

  private static boolean startsValue(int c) {
    return switch (c) {
      case END, '/', '|', '"', ',', '.' -> false;
      default -> !isOperatorCharacter(c);
    };
  }

  /** Letters, marks, numbers, punctuation and symbols, as Go's unicode package counts them. */
  private static boolean isValueCharacter(int c) {
    if (c == END || c == ',' || c == QuotedText.REPLACEMENT) {
      return false;
    }
    return switch (Character.getType(c)) {
      case Character.UNASSIGNED,
          Character.CONTROL,
          Character.FORMAT,
          Character.PRIVATE_USE,
          Character.SURROGATE,
          Character.SPACE_SEPARATOR,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }

  /** White space as Go's unicode package counts it. */
  private static boolean isSpace(int c) {
    return switch (c) {
      case '\t', '\n', 0x0B, '\f', '\r', ' ', 0x85 -> true;
      case END -> false;
      default -> Character.isSpaceChar(c);
    };
  }
}
