package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.indexer.convert.ConversionListener.Stage;
import io.imageharbour.indexer.image.Descriptor;
import io.imageharbour.indexer.registry.BlobNotFoundException;
import io.imageharbour.indexer.registry.Repository;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/** The layers of an image in a registry; a listener hears how far reading them is. */
final class RegistryLayers implements LayerSource {

  private final Repository repository;
  private final SourceImage image;
  private final List<Descriptor> layers;
  private final ConversionListener listener;

  RegistryLayers(Repository repository, SourceImage image, ConversionListener listener) {
    this.repository = repository;
    this.image = image;
    this.layers = image.manifest().layers();
    this.listener = listener;
  }

  @Override
  public int count() {
    return layers.size();
  }

  @Override
  public InputStream open(int number) throws IOException, InterruptedException {
    Descriptor layer = layers.get(number);
    try {
      InputStream blob = repository.openBlob(layer.digest(), layer.size());
      String subject =
          "%s layer %d/%d %s"
              .formatted(image.platform(), number + 1, layers.size(), layer.digest());
      listener.started(Stage.READ_LAYER, subject, layer.size());
      return new Counted(blob);
    } catch (BlobNotFoundException e) {
      if (layer.mediaType().contains("foreign") || layer.mediaType().contains("nondistributable")) {
        throw new HarbourException(
            name(number)
                + " may not be distributed and is not there; push the image with that layer, other"
                + " addresses are not asked",
            e);
      }
      throw e;
    }
  }

  @Override
  public String name(int layer) {
    return "Layer " + layers.get(layer).digest() + " of " + repository.name();
  }

  /** Tells the listener of the bytes that are read. */
  private final class Counted extends FilterInputStream {

    private boolean ended;

    Counted(InputStream in) {
      super(in);
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      int read = super.read(bytes, offset, length);
      if (read > 0) {
        listener.advanced(Stage.READ_LAYER, read);
      } else if (read < 0 && !ended) {
        ended = true;
        listener.finished(Stage.READ_LAYER);
      }
      return read;
    }
  }
}
