package io.imageharbour.indexer.registry;

/** A header of a request. Its value may be a secret, and is not printed. */
record HeaderField(String name, String value) {

  @Override
  public String toString() {
    return name + ": …";
  }
}
