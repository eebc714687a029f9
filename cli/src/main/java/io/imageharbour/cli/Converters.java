package io.imageharbour.cli;

import io.imageharbour.cli.diff.Property;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.InvalidReferenceException;
import java.util.Arrays;
import picocli.CommandLine;
import picocli.CommandLine.TypeConversionException;

/** How arguments become values. */
final class Converters {

  private Converters() {}

  static void register(CommandLine commandLine) {
    commandLine.registerConverter(ImageReference.class, Converters::imageReference);
    commandLine.registerConverter(Platform.class, Converters::platform);
    commandLine.registerConverter(Property.class, Converters::property);
  }

  private static ImageReference imageReference(String text) {
    try {
      return ImageReference.parse(text);
    } catch (InvalidReferenceException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }

  private static Property property(String text) {
    return Arrays.stream(Property.values())
        .filter(property -> property.toString().equals(text))
        .findFirst()
        .orElseThrow(
            () ->
                new TypeConversionException(
                    "'" + text + "' is not one of " + Arrays.toString(Property.values())));
  }

  private static Platform platform(String text) {
    try {
      return Platform.parse(text);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }
}
