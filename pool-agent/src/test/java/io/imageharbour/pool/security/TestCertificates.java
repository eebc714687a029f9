package io.imageharbour.pool.security;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Certificates of authorities that tests make, by openssl. */
public final class TestCertificates {

  private static final String SCRIPT =
      """
      new='openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2'
      exec 2>"$1.log"
      $new -subj /CN=authority -keyout "$1-authority.key" -out "$1-authority.pem"
      $new -CA "$1-authority.pem" -CAkey "$1-authority.key" -subj /CN=own \\
        -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE \\
        -keyout "$1.key" -out "$1.pem"
      """;

  private TestCertificates() {}

  /** A certificate for 127.0.0.1 of an authority of its own. */
  public static PoolSecurity make(Path directory, String name) throws Exception {
    Path base = directory.resolve(name);
    Process shell = new ProcessBuilder("sh", "-ec", SCRIPT, "sh", base.toString()).start();
    assertThat(shell.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(shell.exitValue()).isZero();
    return PoolSecurity.ofTls(
        directory.resolve(name + ".pem"),
        directory.resolve(name + ".key"),
        directory.resolve(name + "-authority.pem"));
  }
}
