package io.imageharbour.pool.security;

import io.imageharbour.pool.process.ConfigurationException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;

/** The file that holds the token of a pool: one line, for its owner's eyes only. */
final class TokenFile {

  private static final int RANDOM_BYTES = 32;
  private static final int LEAST = 16;
  private static final int MOST = 4096;

  private TokenFile() {}

  static String read(Path file) throws ConfigurationException {
    try {
      if (Files.size(file) > MOST) {
        throw new ConfigurationException(file + " is too long for a token");
      }
      String token = Files.readString(file).strip();
      if (token.length() < LEAST || !token.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
        throw new ConfigurationException(
            file + " holds no token: one line of at least 16 printable characters");
      }
      return token;
    } catch (ConfigurationException e) {
      throw e;
    } catch (IOException e) {
      throw new ConfigurationException(
          "cannot read the pool's token %s (%s): copy it from an agent's host, or name another file"
              .formatted(file, e),
          e);
    }
  }

  /** Never seen half-written, and of two that make it one wins. */
  static void makeIfMissing(Path file) throws ConfigurationException {
    if (Files.exists(file)) {
      return;
    }
    byte[] random = new byte[RANDOM_BYTES];
    new SecureRandom().nextBytes(random);
    try {
      Path directory = file.toAbsolutePath().getParent();
      Files.createDirectories(directory);
      Path fresh =
          Files.createTempFile(
              directory,
              ".token",
              "",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(fresh, HexFormat.of().formatHex(random) + "\n");
      try {
        Files.createLink(file, fresh);
      } catch (FileAlreadyExistsException e) {
        // another agent of this host was first
      } finally {
        Files.delete(fresh);
      }
    } catch (IOException e) {
      throw new ConfigurationException("cannot make the pool's token " + file + ": " + e, e);
    }
  }
}
