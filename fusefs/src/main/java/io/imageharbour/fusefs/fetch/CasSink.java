package io.imageharbour.fusefs.fetch;

import io.imageharbour.fusefs.cas.Cas;
import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The place of a whole file in the CAS. Two of the same digest are the same place.
 *
 * @param cas that holds the file
 * @param digest of the file
 */
record CasSink(Cas cas, Digest digest) implements ChunkSink {

  @Override
  public boolean isFilled() throws IOException {
    return cas.contains(digest);
  }

  @Override
  public void store(ByteBuffer verified) throws IOException {
    cas.ingest(digest, verified);
  }
}
