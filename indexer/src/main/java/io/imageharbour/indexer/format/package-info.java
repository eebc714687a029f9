/**
 * The file {@code .harbour/index}: how an {@link io.imageharbour.indexer.ImageIndex} becomes bytes
 * and comes back, with every check that bytes from outside need.
 */
package io.imageharbour.indexer.format;
