package io.imageharbour.indexer.format;

import static io.imageharbour.indexer.format.IndexValidator.require;

import io.imageharbour.indexer.Metadata;
import io.imageharbour.indexer.Xattr;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;

/** The rules of modes, times and extended attributes. */
final class MetadataRules {

  /** What {@link io.imageharbour.indexer.erofs.ErofsImage} escapes, so these names grow. */
  private static final String OVERLAY_PREFIX = "trusted.overlay.";

  /** {@code (uid_t) -1}, which stands for "no such user" in system calls. */
  private static final int NOBODY = -1;

  private static final String ESCAPE = "overlay.";

  private static final List<String> NAMESPACES = List.of("user.", "trusted.", "security.");
  private static final List<String> ACLS =
      List.of("system.posix_acl_access", "system.posix_acl_default");

  private MetadataRules() {}

  static void check(Metadata metadata) throws BrokenRuleException {
    if (metadata.permissions() < 0 || metadata.permissions() > 07777) {
      throw new BrokenRuleException("there is no mode %o", metadata.permissions());
    }
    if (metadata.uid() == NOBODY || metadata.gid() == NOBODY) {
      throw new BrokenRuleException(
          "the file is owned by user %s and group %s, and no Linux has a 4294967295",
          Integer.toUnsignedString(metadata.uid()), Integer.toUnsignedString(metadata.gid()));
    }
    if (metadata.mtimeNanos() < 0 || metadata.mtimeNanos() >= 1_000_000_000) {
      throw new BrokenRuleException("the time has %d nanoseconds", metadata.mtimeNanos());
    }
    if (metadata.mtimeSeconds() < Instant.MIN.getEpochSecond()
        || metadata.mtimeSeconds() > Instant.MAX.getEpochSecond()) {
      throw new BrokenRuleException(
          "the time %d s lies beyond a thousand million years", metadata.mtimeSeconds());
    }
    if (!metadata.xattrs().isEmpty()) {
      checkXattrs(metadata.xattrs());
    }
  }

  private static void checkXattrs(List<Xattr> xattrs) throws BrokenRuleException {
    require(
        xattrs.size() <= Limits.XATTRS,
        "the file has %d extended attributes, more than %d",
        xattrs.size(),
        Limits.XATTRS);
    long bytes = 0;
    for (int i = 0; i < xattrs.size(); i++) {
      Xattr xattr = xattrs.get(i);
      checkName(xattr.name());
      require(
          i == 0 || Xattr.NAME_ORDER.compare(xattrs.get(i - 1), xattr) < 0,
          "extended attribute %s is not in strictly ascending order",
          Quoted.text(xattr.name()));
      require(
          xattr.value().length <= Xattr.MAX_VALUE_BYTES,
          "extended attribute %s has a value of %d bytes, more than %d",
          Quoted.text(xattr.name()),
          xattr.value().length,
          Xattr.MAX_VALUE_BYTES);
      bytes += xattr.name().length() + xattr.value().length;
    }
    require(
        bytes <= Limits.XATTR_BYTES,
        "the extended attributes take %d bytes, more than %d",
        bytes,
        Limits.XATTR_BYTES);
  }

  private static void checkName(String name) throws BrokenRuleException {
    int length = name.getBytes(StandardCharsets.UTF_8).length;
    int stored = name.startsWith(OVERLAY_PREFIX) ? length + ESCAPE.length() : length;
    require(
        stored <= Xattr.MAX_NAME_BYTES,
        "the name of extended attribute %s is too long",
        Quoted.text(name));
    require(
        name.indexOf(0) < 0 && StandardCharsets.UTF_8.newEncoder().canEncode(name),
        "extended attribute %s has a malformed name",
        Quoted.text(name));
    require(
        ACLS.contains(name)
            || NAMESPACES.stream().anyMatch(n -> name.startsWith(n) && name.length() > n.length()),
        "extended attribute %s is in no namespace that Linux file systems keep",
        Quoted.text(name));
  }
}
