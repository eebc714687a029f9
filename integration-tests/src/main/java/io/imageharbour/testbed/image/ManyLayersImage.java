package io.imageharbour.testbed.image;

import io.imageharbour.testbed.image.TarLayer.Attributes;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Many layers, each of which adds a file, changes one, and now and then hides what is below. */
final class ManyLayersImage {

  private ManyLayersImage() {}

  static OciLayout build(int count, Path target) throws IOException, InterruptedException {
    OciLayout layout = OciLayout.create(target);
    List<OciLayout.Layer> layers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int number = i;
      layers.add(layout.addLayer(tar -> write(number, tar)));
    }
    return layout.finish(layout.addImage(TestImages.architecture(), layers, List.of("/none")));
  }

  private static void write(int number, OutputStream out) throws IOException {
    Attributes file = Attributes.of(0644).ownedBy(number, 0);
    byte[] content = ("layer " + number).getBytes(StandardCharsets.US_ASCII);
    try (TarLayer tar = new TarLayer(out)) {
      tar.directory("d", Attributes.of(0755));
      if (number % 50 == 49) {
        tar.opaque("d");
      } else if (number % 3 == 2) {
        tar.whiteout("d", "file-" + (number - 2));
      }
      tar.file("d/file-" + number, file, content);
      tar.file("last", file, content);
      tar.directory("shared-" + number % 7, Attributes.of(0700 + number % 64));
      tar.file("shared-" + number % 7 + "/" + number, file, content);
    }
  }
}
