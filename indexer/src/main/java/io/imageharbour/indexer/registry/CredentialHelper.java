package io.imageharbour.indexer.registry;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Asks programs called {@code docker-credential-NAME} for credentials.
 *
 * @see <a href="https://github.com/docker/docker-credential-helpers">their protocol</a>
 */
final class CredentialHelper {

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*");
  private static final int MAX_ANSWER = 1 << 20;

  /** The user name that says the secret is an identity token. */
  private static final String TOKEN_USER = "<token>";

  private final List<Path> directories;
  private final Duration timeout;

  /**
   * @param path where to look for the programs, in the form of {@code $PATH}
   * @param timeout for one answer
   */
  CredentialHelper(String path, Duration timeout) {
    this.directories =
        Stream.of(path.split(File.pathSeparator, -1))
            .filter(directory -> !directory.isEmpty())
            .map(Path::of)
            .toList();
    this.timeout = timeout;
  }

  /**
   * Asks a program.
   *
   * @param name of the program, after {@code docker-credential-}
   * @param server what to ask for
   * @return empty if it has none
   */
  Optional<Credentials> ask(String name, String server) throws IOException, InterruptedException {
    if (!NAME.matcher(name).matches()) {
      throw new RegistryConfigurationException(
          Printable.quote(name) + " is no name of a credential helper");
    }
    String program = "docker-credential-" + name;
    Process process = start(program, server);
    try {
      FutureTask<byte[]> answer = new FutureTask<>(() -> talk(process, server));
      Thread.ofVirtual().name(program).start(answer);
      byte[] bytes = answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
      if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new TimeoutException();
      }
      return parse(program, server, process.exitValue(), bytes);
    } catch (TimeoutException e) {
      throw new RegistryConfigurationException(
          "%s gave no credentials for %s within %d s. Does it wait for a password?"
              .formatted(program, server, timeout.toSeconds()));
    } catch (ExecutionException e) {
      throw new RegistryConfigurationException(
          "%s did not answer for %s: %s"
              .formatted(program, server, Printable.line(String.valueOf(e.getMessage()), 200)));
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private Process start(String program, String server) throws RegistryConfigurationException {
    String why = "it is not in $PATH";
    for (Path directory : directories) {
      Path file = directory.resolve(program);
      if (Files.isExecutable(file)) {
        try {
          return new ProcessBuilder(file.toString(), "get")
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
        } catch (IOException e) {
          why = Printable.line(String.valueOf(e.getMessage()), 200);
        }
      }
    }
    throw new RegistryConfigurationException(
        "can't run %s, which Docker's config.json names for %s: %s. Install it, or log in without it"
            .formatted(program, server, why));
  }

  private static byte[] talk(Process process, String server) throws IOException {
    try (OutputStream question = process.getOutputStream()) {
      question.write(server.getBytes(StandardCharsets.UTF_8));
      question.write('\n');
    } catch (IOException e) {
      // A program that knows its answer need not read the question; what it says is what counts.
      return process.getInputStream().readNBytes(MAX_ANSWER);
    }
    try (InputStream answer = process.getInputStream()) {
      return answer.readNBytes(MAX_ANSWER);
    }
  }

  private static Optional<Credentials> parse(String program, String server, int exit, byte[] answer)
      throws RegistryConfigurationException {
    if (exit != 0) {
      String text = new String(answer, StandardCharsets.UTF_8);
      if (text.contains("not found")) {
        return Optional.empty();
      }
      throw new RegistryConfigurationException(
          "%s failed for %s with exit code %d: %s"
              .formatted(program, server, exit, Printable.line(text, 200)));
    }
    JsonNode root =
        Json.parse(answer)
            .orElseThrow(
                () ->
                    new RegistryConfigurationException(
                        "%s answered for %s with something that is no JSON"
                            .formatted(program, server)));
    String user = Json.text(root, "Username");
    String secret = Json.text(root, "Secret");
    if (secret.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        user.equals(TOKEN_USER)
            ? new Credentials.IdentityToken(secret)
            : new Credentials.Password(user, secret));
  }
}
