package io.imageharbour.indexer.format;

import io.imageharbour.indexer.ImageIndex;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Every rule that an {@link ImageIndex} keeps, in one place: what was read is checked by it before
 * anybody sees it, and what is written too, so that nothing is written that cannot be read. The
 * rules are those that the model's Javadoc gives, and {@link Limits}.
 */
final class IndexValidator {

  /** A repository: host, perhaps a port, and a path as the distribution specification has it. */
  private static final Pattern ORIGIN =
      Pattern.compile(
          "(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\\[[0-9a-fA-F:]+])(?::[0-9]{1,5})?"
              + "(?:/[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*)+");

  private IndexValidator() {}

  /** Checks all rules; takes time in proportion to the index, and little memory. */
  static void check(ImageIndex index) throws BrokenRuleException {
    int contents = new TreeRules(index).check();
    require(
        contents == index.contents().size(),
        "%d of its %d contents are referred to by no file",
        index.contents().size() - contents,
        index.contents().size());
    new ContentRules(index.stored()).check();
    checkOrigins(index.origins());
  }

  /** Checks all rules for somebody who puts an index together. */
  static void requireBuildable(ImageIndex index) throws InvalidTreeException {
    try {
      check(index);
    } catch (BrokenRuleException e) {
      throw new InvalidTreeException(e.reason());
    }
  }

  private static void checkOrigins(List<String> origins) throws BrokenRuleException {
    require(origins.size() <= Limits.ORIGINS, "it names %d origins", origins.size());
    Set<String> seen = new HashSet<>();
    for (int i = 0; i < origins.size(); i++) {
      String origin = origins.get(i); // not for messages: it may hold a password
      require(
          origin.length() <= Limits.TEXT_BYTES && ORIGIN.matcher(origin).matches(),
          "origin %d is not of the form host/name",
          i);
      require(seen.add(origin), "origin %d is named twice", i);
    }
  }

  static void require(boolean rule, String format, Object... values) throws BrokenRuleException {
    if (!rule) {
      throw new BrokenRuleException(format, values);
    }
  }
}
