package io.imageharbour.it;

import io.imageharbour.testbed.Command;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A certificate authority that nobody knows, as companies have one; openssl does the work.
 *
 * @param certificate by which it is trusted
 * @param key to that
 */
record CertificateAuthority(Path certificate, Path key) {

  /** Makes one, with its files in a directory. */
  static CertificateAuthority create(Path directory, String name)
      throws IOException, InterruptedException {
    CertificateAuthority authority =
        new CertificateAuthority(
            directory.resolve(name + ".crt"), directory.resolve(name + ".key"));
    request(name, authority.certificate, authority.key).run();
    return authority;
  }

  /**
   * Issues a certificate.
   *
   * @param address of the server that it is for
   */
  void issue(String address, Path target, Path targetKey) throws IOException, InterruptedException {
    request("server", target, targetKey)
        .withArguments("-CA", certificate, "-CAkey", key)
        .withArguments("-addext", "subjectAltName=IP:" + address)
        .run();
  }

  private static Command request(String name, Path target, Path key) {
    return Command.of("openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2")
        .withArguments("-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=" + name)
        .withArguments("-out", target, "-keyout", key);
  }
}
