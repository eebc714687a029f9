package io.imageharbour.indexer.format;

/** A rule of the index that something breaks; becomes an exception that says where it was found. */
final class BrokenRuleException extends Exception {

  private static final long serialVersionUID = 1;

  private final String reason;

  /**
   * Makes an exception whose reason is formatted of these values. Where a rule is checked for each
   * of many files, this stands behind an {@code if}: a call with the values would make objects of
   * them each time.
   */
  BrokenRuleException(String format, Object... values) {
    super(null, null, false, false);
    this.reason = format.formatted(values);
  }

  /** What is wrong, to be made part of a sentence. */
  String reason() {
    return reason;
  }

  @Override
  public String getMessage() {
    return reason;
  }
}
