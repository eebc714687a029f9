package io.imageharbour.testbed.image;

import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.image.TarLayer.Attributes;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * Debian with programs that may do more than who runs them, and a directory with an ACL that is
 * inherited by what is made in it; all of it in {@code /rights}.
 */
final class RightsImage {

  private static final int SHADOW = 42;

  /** Version 2 of {@code security.capability} (capability.h): CAP_DAC_OVERRIDE, effective. */
  private static final String CAP_DAC_OVERRIDE = "\1\0\0\2\2" + "\0".repeat(15);

  private RightsImage() {}

  static OciLayout build(OciLayout debian, Path target) throws IOException, InterruptedException {
    OciLayout layout = OciLayout.create(target);
    OciLayout.Layer base = layout.addLayer(debian, debian.layers().getFirst());
    byte[] id = file(debian, "./usr/bin/id");
    byte[] cat = file(debian, "./usr/bin/cat");
    OciLayout.Layer rights = layout.addLayer(out -> write(id, cat, out));
    return layout.finish(
        layout.addImage(TestImages.architecture(), List.of(base, rights), List.of("sh")));
  }

  private static void write(byte[] id, byte[] cat, OutputStream out) throws IOException {
    Attributes program = Attributes.of(0755);
    Attributes shared = Attributes.of(0770).with("system.posix_acl_access", acl("\7", "\5"));
    Attributes old = Attributes.of(0660).with("system.posix_acl_access", acl("\6", "\4"));
    try (TarLayer tar = new TarLayer(out)) {
      tar.directory("rights", Attributes.of(0755));
      tar.file("rights/id", Attributes.of(04755), id);
      tar.file("rights/group-id", Attributes.of(02755).ownedBy(0, SHADOW), id);
      tar.file("rights/cat", program.with("security.capability", CAP_DAC_OVERRIDE), cat);
      tar.file("rights/secret", Attributes.of(0600), text("a secret\n"));
      tar.directory("rights/shared", shared.with("system.posix_acl_default", acl("\7", "\5")));
      tar.file("rights/shared/old", old, text("an old file\n"));
    }
  }

  /**
   * An ACL (linux/posix_acl_xattr.h) that denies everything to the group and to others.
   *
   * @param most what the owner and user 1000 may do
   * @param some what user 2000 may do
   */
  private static String acl(String most, String some) {
    return "\2\0\0\0"
        + ("\1\0" + most + "\0\377\377\377\377")
        + ("\2\0" + most + "\0\350\3\0\0")
        + ("\2\0" + some + "\0\320\7\0\0")
        + "\4\0\0\0\377\377\377\377"
        + ("\20\0" + most + "\0\377\377\377\377")
        + "\40\0\0\0\377\377\377\377";
  }

  private static byte[] file(OciLayout image, String name)
      throws IOException, InterruptedException {
    return Command.of("tar", "--extract", "--gzip", "--to-stdout", "--file")
        .withArguments(image.blob(image.layers().getFirst().blob()), name)
        .run()
        .bytes();
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
