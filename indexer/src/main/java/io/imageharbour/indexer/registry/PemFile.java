package io.imageharbour.indexer.registry;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The certificates and the private key in a PEM file. Keys may be PKCS #8, or the older forms that
 * {@code openssl} writes for RSA (PKCS #1) and for elliptic curves (SEC 1); none is encrypted.
 *
 * @param certificates in the order of the file
 * @see <a href="https://www.rfc-editor.org/rfc/rfc7468">RFC 7468</a>, <a
 *     href="https://www.rfc-editor.org/rfc/rfc5958">RFC 5958</a>, <a
 *     href="https://www.rfc-editor.org/rfc/rfc5915">RFC 5915</a>
 */
record PemFile(List<X509Certificate> certificates, Optional<PrivateKey> privateKey) {

  private static final long MAX_SIZE = 8 << 20;
  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([^-]*+)-----END \\1-----");

  private static final int SEQUENCE = 0x30;
  private static final int OCTET_STRING = 0x04;
  private static final int OBJECT_IDENTIFIER = 0x06;
  private static final int EC_PARAMETERS = 0xa0;
  private static final byte[] VERSION_0 = {2, 1, 0};
  private static final byte[] RSA_ALGORITHM = {
    0x30, 0x0d, 6, 9, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 1, 1, 1, 5, 0
  };
  private static final byte[] EC_ALGORITHM_ID = {
    6, 7, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 2, 1
  };

  static PemFile read(Path file) throws IOException {
    String text;
    try {
      if (Files.size(file) > MAX_SIZE) {
        throw new RegistryConfigurationException(file + " is too big for a PEM file");
      }
      text = Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (RegistryConfigurationException e) {
      throw e;
    } catch (IOException e) {
      throw new RegistryConfigurationException("can't read the PEM file " + file + ": " + e);
    }
    List<X509Certificate> certificates = new ArrayList<>();
    PrivateKey key = null;
    try {
      CertificateFactory x509 = CertificateFactory.getInstance("X.509");
      Matcher block = BLOCK.matcher(text);
      while (block.find()) {
        byte[] der = Base64.getMimeDecoder().decode(block.group(2));
        switch (block.group(1)) {
          case "CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE" ->
              certificates.add(
                  (X509Certificate) x509.generateCertificate(new ByteArrayInputStream(der)));
          case "PRIVATE KEY" -> key = privateKey(der);
          case "RSA PRIVATE KEY" ->
              key = privateKey(element(SEQUENCE, VERSION_0, RSA_ALGORITHM, octets(der)));
          case "EC PRIVATE KEY" -> key = ellipticCurveKey(der);
          case "ENCRYPTED PRIVATE KEY" ->
              throw new RegistryConfigurationException(
                  file + " holds an encrypted private key. Decrypt it (openssl pkey -in …)");
          default -> {
            // Parameters, requests and the like may stand beside what is needed.
          }
        }
      }
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new RegistryConfigurationException(
          "can't use the PEM file %s: %s"
              .formatted(file, Printable.line(String.valueOf(e.getMessage()), 200)));
    }
    return new PemFile(List.copyOf(certificates), Optional.ofNullable(key));
  }

  private static PrivateKey privateKey(byte[] pkcs8) throws GeneralSecurityException {
    GeneralSecurityException refused = null;
    for (String algorithm : List.of("RSA", "EC", "EdDSA")) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
      } catch (GeneralSecurityException e) {
        refused = e;
      }
    }
    throw new GeneralSecurityException("neither an RSA nor an EC private key", refused);
  }

  /** An EC key names its curve inside, where PKCS #8 wants it outside. */
  private static PrivateKey ellipticCurveKey(byte[] sec1) throws GeneralSecurityException {
    byte[] curve = curve(sec1);
    if (curve == null) {
      throw new GeneralSecurityException(
          "an EC private key without a named curve; convert it (openssl pkey -in …)");
    }
    return privateKey(
        element(SEQUENCE, VERSION_0, element(SEQUENCE, EC_ALGORITHM_ID, curve), octets(sec1)));
  }

  /** The object identifier in {@code parameters [0]}, as it is encoded. */
  private static byte @Nullable [] curve(byte[] sec1) {
    for (int i = 0; i + 4 < sec1.length; i++) {
      int length = sec1[i + 1];
      if ((sec1[i] & 0xff) == EC_PARAMETERS
          && sec1[i + 2] == OBJECT_IDENTIFIER
          && length == sec1[i + 3] + 2
          && length > 2
          && i + 2 + length <= sec1.length) {
        return java.util.Arrays.copyOfRange(sec1, i + 2, i + 2 + length);
      }
    }
    return null;
  }

  private static byte[] octets(byte[] bytes) {
    return element(OCTET_STRING, bytes);
  }

  private static byte[] element(int tag, byte[]... parts) {
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      content.writeBytes(part);
    }
    ByteArrayOutputStream element = new ByteArrayOutputStream();
    element.write(tag);
    int length = content.size();
    if (length < 0x80) {
      element.write(length);
    } else {
      element.write(0x82);
      element.write(length >> 8);
      element.write(length);
    }
    element.writeBytes(content.toByteArray());
    return element.toByteArray();
  }
}
