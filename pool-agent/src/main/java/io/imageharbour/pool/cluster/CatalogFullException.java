package io.imageharbour.pool.cluster;

/** The catalog has as many images as it may have; some have to go first. */
public final class CatalogFullException extends Exception {

  private static final long serialVersionUID = 1;

  CatalogFullException(long most) {
    super("the catalog holds " + most + " images already, which is the most; remove some");
  }
}
