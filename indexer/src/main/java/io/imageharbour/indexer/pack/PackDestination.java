package io.imageharbour.indexer.pack;

import io.imageharbour.indexer.Pack;
import java.io.IOException;

/** Where new packs are written to. */
@FunctionalInterface
public interface PackDestination {

  /** Begins a pack. */
  NewPack begin() throws IOException, InterruptedException;

  /** A pack that is being written, by one thread. Closed without a commit, it is thrown away. */
  interface NewPack extends AutoCloseable {

    /** Appends bytes. */
    void write(byte[] bytes, int offset, int length) throws IOException, InterruptedException;

    /** Ends the pack; it is complete in its place when this returns. */
    Pack commit() throws IOException, InterruptedException;

    @Override
    void close();
  }
}
