package io.imageharbour.indexer.pack;

import io.imageharbour.indexer.Digest;
import java.util.Map;
import java.util.Optional;

/** Where one finds out which packs hold what already. */
@FunctionalInterface
public interface KnownChunks {

  /** The chunk with this digest, if a pack holds it. */
  Optional<PackedChunk> find(Digest digest);

  /** The chunks of a map, as it is when it is asked. */
  static KnownChunks of(Map<Digest, PackedChunk> chunks) {
    return digest -> Optional.ofNullable(chunks.get(digest));
  }

  /** These, and where they have none, those. */
  default KnownChunks or(KnownChunks those) {
    return digest -> find(digest).or(() -> those.find(digest));
  }
}
