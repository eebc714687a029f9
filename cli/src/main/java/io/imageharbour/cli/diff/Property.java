package io.imageharbour.cli.diff;

/** What two files of one path are compared by, in the order in which it is told. */
public enum Property {
  TYPE("type"),
  MODE("mode"),
  OWNER("owner"),
  MTIME("mtime"),
  SIZE("size"),
  LINKS("links"),
  SAME_FILE("same-file"),
  TARGET("target"),
  DEVICE("device"),
  XATTRS("xattrs"),
  CONTENT("content");

  private final String label;

  Property(String label) {
    this.label = label;
  }

  /** As it is written on the command line and in reports. */
  @Override
  public String toString() {
    return label;
  }
}
