package io.imageharbour.fusefs.fetch;

import io.imageharbour.fusefs.ChunkReceiver;
import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * Takes the chunk that a flight was made for, as it is, from one source; the sources before that
 * one are offered it.
 *
 * @param flight whose chunk it is
 * @param source that brings it
 * @param origins of its image; none where there is no source to offer it to
 */
record ReceivedChunk(FrameFlight flight, SourceCounters source, List<String> origins)
    implements ChunkReceiver {

  @Override
  public boolean accept(ByteBuffer bytes) throws IOException {
    ByteBuffer content = bytes.slice();
    bytes.position(bytes.limit());
    Digest digest = flight.wanted().digest();
    if (content.remaining() != flight.wanted().size()
        || !Digest.sha256(content.duplicate()).equals(digest)) {
      return false;
    }
    source.brought(content.remaining());
    flight.deliver(digest, content, Optional.empty());
    source.offerToOthers(digest, content, origins);
    return true;
  }
}
