package io.imageharbour.indexer.image;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * What a machine must be to run an image. The names are Go's, in their canonical form: {@code
 * x86_64} becomes {@code amd64}, {@code aarch64} becomes {@code arm64}, and 64-bit Arm's only
 * variant {@code v8} is left out.
 *
 * @param os the operating system, such as {@code linux}
 * @param architecture the processor, such as {@code amd64}
 * @param variant of the processor, such as {@code v7}; empty where there is none
 * @see <a href="https://github.com/opencontainers/image-spec/blob/main/image-index.md">OCI image
 *     index specification</a>
 */
public record Platform(String os, String architecture, String variant) {

  private static final Pattern PART = Pattern.compile("[a-z0-9._-]{1,64}");

  public Platform {
    os = canonical(os);
    architecture = canonicalArchitecture(canonical(architecture));
    variant = canonicalVariant(architecture, variant.toLowerCase(Locale.ROOT));
  }

  /**
   * Reads {@code os/architecture} or {@code os/architecture/variant}.
   *
   * @throws IllegalArgumentException if it is neither; the message is fit for people
   */
  public static Platform parse(String text) {
    String[] parts = text.split("/", -1);
    if (parts.length < 2 || parts.length > 3) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is not a platform such as linux/amd64 or linux/arm/v7");
    }
    return new Platform(parts[0], parts[1], parts.length == 3 ? parts[2] : "");
  }

  /** The platform of this machine, with {@code linux} for the operating system. */
  public static Platform ofThisMachine() {
    String architecture = System.getProperty("os.arch", "amd64").toLowerCase(Locale.ROOT);
    return new Platform("linux", architecture, "");
  }

  /**
   * Whether an image for this platform is what somebody who asks for {@code wanted} means: the same
   * one, or, where no variant was asked for, any variant.
   */
  public boolean satisfies(Platform wanted) {
    return os.equals(wanted.os)
        && architecture.equals(wanted.architecture)
        && (wanted.variant.isEmpty() || variant.equals(wanted.variant));
  }

  @Override
  public String toString() {
    return os + "/" + architecture + (variant.isEmpty() ? "" : "/" + variant);
  }

  private static String canonical(String part) {
    String lower = part.toLowerCase(Locale.ROOT);
    if (!PART.matcher(lower).matches()) {
      throw new IllegalArgumentException("\"" + part + "\" can't be a part of a platform");
    }
    return lower;
  }

  private static String canonicalArchitecture(String architecture) {
    return switch (architecture) {
      case "x86_64", "x86-64" -> "amd64";
      case "aarch64" -> "arm64";
      case "i386", "i686" -> "386";
      default -> architecture;
    };
  }

  private static String canonicalVariant(String architecture, String variant) {
    if (!variant.isEmpty() && !PART.matcher(variant).matches()) {
      throw new IllegalArgumentException("\"" + variant + "\" can't be a part of a platform");
    }
    return architecture.equals("arm64") && variant.equals("v8") ? "" : variant;
  }
}
