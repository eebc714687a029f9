package io.imageharbour.cli.diff;

/**
 * One property of one path that two trees do not agree on. Where a path is in one of them only,
 * that is one difference of {@link Property#TYPE}, and nothing is said of what lies below it.
 *
 * @param path a string of ISO 8859-1, one character for each byte
 * @param property what differs
 * @param name of the extended attribute where it is about one, otherwise empty
 * @param left what it is in the first tree, for people; {@link #NOTHING} where it is not there
 * @param right what it is in the second tree
 */
record Difference(String path, Property property, String name, String left, String right) {

  /** In place of a value, where one tree has none. */
  static final String NOTHING = "nothing";
}
