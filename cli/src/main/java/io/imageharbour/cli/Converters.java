package io.imageharbour.cli;

import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.InvalidReferenceException;
import picocli.CommandLine;
import picocli.CommandLine.TypeConversionException;

/** How arguments become values. */
final class Converters {

  private Converters() {}

  static void register(CommandLine commandLine) {
    commandLine.registerConverter(ImageReference.class, Converters::imageReference);
    commandLine.registerConverter(Platform.class, Converters::platform);
  }

  private static ImageReference imageReference(String text) {
    try {
      return ImageReference.parse(text);
    } catch (InvalidReferenceException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }

  private static Platform platform(String text) {
    try {
      return Platform.parse(text);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }
}
