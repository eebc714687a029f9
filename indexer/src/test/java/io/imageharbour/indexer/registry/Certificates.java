package io.imageharbour.indexer.registry;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Certificates made by openssl. */
final class Certificates {

  private Certificates() {}

  /**
   * Makes {@code NAME.crt} and {@code NAME.key} (PKCS #8), signed by itself.
   *
   * @param alternative the host it is for, such as {@code IP:127.0.0.1}
   */
  static void selfSigned(Path directory, String name, String alternative)
      throws IOException, InterruptedException {
    RegistryProcess.run(
        List.of(
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=" + name,
            "-addext",
            "subjectAltName=" + alternative,
            "-keyout",
            directory.resolve(name + ".key").toString(),
            "-out",
            directory.resolve(name + ".crt").toString()));
  }
}
