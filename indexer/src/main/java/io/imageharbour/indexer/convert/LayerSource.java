package io.imageharbour.indexer.convert;

import java.io.IOException;
import java.io.InputStream;

/** The layers of an image, from the bottom (number 0) to the top. */
interface LayerSource {

  /** How many there are. */
  int count();

  /** Opens a layer's blob, which verifies itself at its end. */
  InputStream open(int layer) throws IOException, InterruptedException;

  /** What to call a layer in messages. */
  String name(int layer);
}
