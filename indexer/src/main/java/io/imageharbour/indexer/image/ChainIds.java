package io.imageharbour.indexer.image;

import io.imageharbour.indexer.Digest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What layers are called once they are unpacked: the bottom one as itself, any other by the digest
 * of the one below and itself.
 *
 * @see <a href="https://github.com/opencontainers/image-spec/blob/main/config.md#layer-chainid">OCI
 *     image specification, layer ChainID</a>
 */
public final class ChainIds {

  private ChainIds() {}

  /**
   * The chain IDs of layers.
   *
   * @param diffIds digests of the layers uncompressed, the bottom one first
   * @return as many, in the same order
   */
  public static List<Digest> of(List<Digest> diffIds) {
    List<Digest> chain = new ArrayList<>();
    for (Digest diffId : diffIds) {
      chain.add(
          chain.isEmpty()
              ? diffId
              : Digest.sha256(
                  (chain.getLast() + " " + diffId).getBytes(StandardCharsets.US_ASCII)));
    }
    return chain;
  }
}
