package io.imageharbour.cli.pull;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.image.ChainIds;
import io.imageharbour.indexer.image.Descriptor;
import java.util.ArrayList;
import java.util.List;

/**
 * A layer of an image.
 *
 * @param descriptor what the manifest says of it
 * @param diffId digest of it uncompressed, as the config says
 * @param parent chain ID of the layers below; empty where there are none
 * @param chainId what it and those below unpack to, and what that snapshot is called
 * @see <a href="https://github.com/opencontainers/image-spec/blob/main/config.md#layer-chainid">OCI
 *     image specification, layer ChainID</a>
 */
record Layer(Descriptor descriptor, Digest diffId, String parent, String chainId) {

  /** The layers of an image, from the bottom to the top; both lists have the same length. */
  static List<Layer> chain(List<Descriptor> descriptors, List<Digest> diffIds) {
    List<Layer> layers = new ArrayList<>();
    String parent = "";
    for (Digest digest : ChainIds.of(diffIds)) {
      int i = layers.size();
      String chainId = digest.toString();
      layers.add(new Layer(descriptors.get(i), diffIds.get(i), parent, chainId));
      parent = chainId;
    }
    return layers;
  }

  Digest digest() {
    return descriptor.digest();
  }
}
