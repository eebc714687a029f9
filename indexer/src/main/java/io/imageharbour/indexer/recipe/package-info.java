/**
 * Recipes: what it takes to make the layers of an image again, byte for byte. Recorded while layers
 * are read, and turned into streams of the layers' bytes.
 */
package io.imageharbour.indexer.recipe;
