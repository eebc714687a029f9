package io.imageharbour.testbed.image;

import io.imageharbour.testbed.image.TarLayer.Attributes;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Random;

/** Three layers with everything a tree can hold that usual images don't. */
final class OddImage {

  private static final Attributes DIRECTORY = Attributes.of(0755);
  private static final Attributes FILE = Attributes.of(0644);

  /** Version 2 of {@code security.capability} (capability.h): CAP_NET_RAW permitted, effective. */
  private static final String CAP_NET_RAW = "\1\0\0\2\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

  /** An ACL (linux/posix_acl_xattr.h): owner rw, user 1000 r, group r, mask r, others none. */
  private static final String ACL =
      "\2\0\0\0"
          + "\1\0\6\0\377\377\377\377"
          + "\2\0\4\0\350\3\0\0"
          + "\4\0\4\0\377\377\377\377"
          + "\20\0\4\0\377\377\377\377"
          + "\40\0\0\0\377\377\377\377";

  private OddImage() {}

  static void lower(OutputStream out) throws IOException {
    try (TarLayer tar = new TarLayer(out)) {
      tar.directory(".", DIRECTORY);
      files(tar);
      links(tar);
      nodes(tar);
      names(tar);
      times(tar);
      xattrs(tar);
      hidden(tar);
    }
  }

  /** Hides, replaces and adds to what the lower layer has. */
  static void upper(OutputStream out) throws IOException {
    try (TarLayer tar = new TarLayer(out)) {
      tar.directory(".", DIRECTORY);
      tar.directory("hidden", DIRECTORY);
      tar.whiteout("hidden", "file");
      tar.whiteout("hidden", "directory");
      tar.directory("hidden/opaque", Attributes.of(0700));
      tar.opaque("hidden/opaque");
      tar.file("hidden/opaque/new", FILE, text("new in an opaque directory"));
      tar.file("hidden/was-directory", FILE, text("a directory below, a file here"));
      tar.directory("hidden/was-file", DIRECTORY);
      tar.file("hidden/was-file/inside", FILE, text("a file below, a directory here"));
      tar.directory("hidden/merged", Attributes.of(01777).ownedBy(33, 33));
      tar.file("hidden/merged/above", FILE, text("from the upper layer"));
      tar.directory("links", DIRECTORY);
      tar.hardLink("links/of-the-upper-layer", FILE, "hidden/opaque/new");
      tar.directory("links/pairs", DIRECTORY);
      tar.file("links/pairs/one-replaced", FILE, text("no longer the same file"));
      tar.whiteout("links/pairs", "one-hidden");
      tar.file("links/pairs/both-replaced", FILE, text("still the same file"));
      tar.hardLink("links/pairs/both-replaced-too", FILE, "links/pairs/both-replaced");
      // what a chmod of one name leaves: it is copied up, and so parted from the other
      tar.file("links/pairs/one-changed", Attributes.of(0600), text("one-changed"));
    }
  }

  /** Brings back, and changes once more, what the upper layer hid and replaced. */
  static void top(OutputStream out) throws IOException {
    try (TarLayer tar = new TarLayer(out)) {
      tar.directory("hidden", DIRECTORY);
      tar.file("hidden/file", FILE, text("there again"));
      tar.directory("hidden/directory", Attributes.of(0711));
      tar.file("hidden/directory/another", FILE, text("there again, without what was in it"));
      tar.directory("hidden/was-directory", DIRECTORY);
      tar.file("hidden/was-directory/again", FILE, text("a directory again"));
      tar.file("hidden/was-file", FILE, text("a file again"));
      tar.directory("nodes", Attributes.of(0751));
      tar.whiteout("nodes", "pipe");
    }
  }

  private static void files(TarLayer tar) throws IOException {
    tar.directory("files", DIRECTORY);
    tar.file("files/empty", FILE, new byte[0]);
    tar.file("files/one-byte", Attributes.of(0), new byte[] {42});
    tar.file("files/set-user-id", Attributes.of(04755).ownedBy(1000, 1000), text("#!/bin/sh"));
    tar.file("files/sticky-and-set-group-id", Attributes.of(03711), text("odd"));
    tar.file("files/owned", FILE.ownedBy(2_000_000, 2_000_001), text("by nobody known"));
    tar.zeros("files/sparse", FILE, (64 << 20) + 1);
    for (int size : new int[] {4095, 4096, 4097, (64 << 10) + 1, (4 << 20) - 1, 9 << 20}) {
      tar.file("files/random-" + size, FILE, random(size));
    }
    tar.file("files/same-as-random-4096", Attributes.of(0600), random(4096));
  }

  private static void links(TarLayer tar) throws IOException {
    tar.directory("links", DIRECTORY);
    tar.file("links/first", FILE, text("one file, three names"));
    tar.hardLink("links/second", FILE, "links/first");
    tar.directory("links/below", DIRECTORY);
    tar.hardLink("links/below/third", FILE, "links/first");
    tar.symbolicLink("links/to-nothing", FILE, "no such file");
    tar.symbolicLink("links/absolute", FILE.ownedBy(7, 8), "/links/first");
    tar.symbolicLink("links/long", FILE, "x/".repeat(1000));
    tar.hardLink("links/of-a-link", FILE, "links/absolute");
    tar.directory("links/pairs", DIRECTORY);
    for (String name :
        new String[] {"one-replaced", "one-hidden", "one-changed", "both-replaced"}) {
      tar.file("links/pairs/" + name, FILE, text(name));
      tar.hardLink("links/pairs/" + name + "-too", FILE, "links/pairs/" + name);
    }
  }

  private static void nodes(TarLayer tar) throws IOException {
    tar.directory("nodes", DIRECTORY);
    tar.characterDevice("nodes/null", Attributes.of(0666), 1, 3);
    tar.characterDevice("nodes/high", Attributes.of(0600), 4095, 1_048_575);
    tar.blockDevice("nodes/disk", Attributes.of(0660).ownedBy(0, 6), 8, 17);
    tar.fifo("nodes/pipe", Attributes.of(0622));
  }

  private static void names(TarLayer tar) throws IOException {
    tar.directory("names", DIRECTORY);
    tar.file("names/not UTF-8: \377\376\200", FILE, text("bytes"));
    tar.file("names/new\nline, \\ and \t", FILE, text("white"));
    tar.file("names/" + "n".repeat(255), FILE, text("long"));
    tar.file("names/schl\303\274ssel", FILE, text("UTF-8"));
    tar.file("names/...", FILE, text("three dots"));
    String deep = "names/deep" + ("/" + "d".repeat(200)).repeat(10);
    StringBuilder path = new StringBuilder();
    for (String part : deep.split("/")) {
      path.append(path.isEmpty() ? "" : "/").append(part);
      if (!path.toString().equals("names")) {
        tar.directory(path.toString(), DIRECTORY);
      }
    }
    tar.file(deep + "/bottom", FILE, text("2 KiB below"));
    tar.directory("names/many", DIRECTORY);
    for (int i = 0; i < 3000; i++) {
      tar.file("names/many/name-%05d".formatted(i), FILE, text("content " + i % 100));
    }
  }

  private static void times(TarLayer tar) throws IOException {
    tar.directory("times", DIRECTORY.modifiedAt(Instant.parse("1999-12-31T23:59:59.999999999Z")));
    tar.file("times/epoch", FILE.modifiedAt(Instant.EPOCH), text("0"));
    tar.file("times/one-nanosecond", FILE.modifiedAt(Instant.ofEpochSecond(0, 1)), text("1"));
    Instant before = Instant.parse("1953-07-29T01:02:03.987654321Z");
    tar.file("times/1953", FILE.modifiedAt(before), text("1953"));
    tar.directory("times/before-1970", DIRECTORY.modifiedAt(Instant.ofEpochSecond(-1, 1)));
    tar.file("times/2100", FILE.modifiedAt(Instant.parse("2100-01-01T00:00:00.5Z")), text("2100"));
  }

  private static void xattrs(TarLayer tar) throws IOException {
    tar.directory("xattrs", DIRECTORY.with("user.on-a-directory", "yes"));
    tar.file("xattrs/capability", FILE.with("security.capability", CAP_NET_RAW), text("ping"));
    tar.file("xattrs/acl", Attributes.of(0640).with("system.posix_acl_access", ACL), text("acl"));
    tar.file("xattrs/binary", FILE.with("user.binary", "\0\1\377=\n"), text("binary"));
    tar.file("xattrs/empty", FILE.with("user.empty", ""), text("empty value"));
    tar.file("xattrs/long", FILE.with("user.long", "v".repeat(1000)), text("long value"));
    tar.file("xattrs/trusted", FILE.with("trusted.harbour", "t"), text("trusted"));
    Attributes many = FILE;
    for (int i = 0; i < 30; i++) {
      many = many.with("user.attribute-" + i, "value " + i);
    }
    tar.file("xattrs/many", many, text("many"));
  }

  private static void hidden(TarLayer tar) throws IOException {
    tar.directory("hidden", DIRECTORY);
    tar.file("hidden/file", FILE, text("hidden by a whiteout"));
    tar.directory("hidden/directory", DIRECTORY);
    tar.file("hidden/directory/file", FILE, text("hidden with its directory"));
    tar.directory("hidden/opaque", DIRECTORY);
    tar.file("hidden/opaque/old", FILE, text("hidden by an opaque directory"));
    tar.directory("hidden/was-directory", DIRECTORY);
    tar.file("hidden/was-directory/file", FILE, text("hidden by a file"));
    tar.file("hidden/was-file", FILE, text("hidden by a directory"));
    tar.directory("hidden/merged", DIRECTORY);
    tar.file("hidden/merged/below", FILE, text("from the lower layer"));
  }

  private static byte[] text(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[] random(int size) {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return bytes;
  }
}
