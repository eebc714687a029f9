package io.imageharbour.indexer.registry;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.HostFailure.Kind;
import io.imageharbour.indexer.registry.OutgoingRequest.RequestBody;
import io.imageharbour.indexer.registry.RegistryHost.Capability;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An upload as the registry knows it: where the next bytes go to, and how many it has. For one
 * thread at a time.
 *
 * @see <a
 *     href="https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-a-blob-in-chunks">
 *     distribution specification, pushing a blob in chunks</a>
 */
final class UploadSession {

  private static final Logger log = LoggerFactory.getLogger(UploadSession.class);
  private static final Duration CANCEL_TIME = Duration.ofSeconds(5);
  private static final Pattern RECEIVED = Pattern.compile("(?:bytes=)?0-([0-9]{1,18})");
  private static final String MEDIA_TYPE = "application/octet-stream";

  private final RegistryClient client;
  private final RepositoryName name;
  private final HostConnection host;
  private URI location;
  private OptionalInt minimumChunk = OptionalInt.empty();
  private long received;

  UploadSession(RegistryClient client, RepositoryName name, HostConnection host, URI location) {
    this.client = client;
    this.name = name;
    this.host = host;
    this.location = location;
  }

  /** Begins an upload. */
  static UploadSession start(RegistryClient client, RepositoryName name)
      throws IOException, InterruptedException {
    return client
        .registry(name.registry())
        .call(
            name,
            task(name, "begin an upload to "),
            Deadline.in(client.settings().deadline()),
            (host, deadline) -> start(client, name, host, deadline));
  }

  private static UploadSession start(
      RegistryClient client, RepositoryName name, HostConnection host, Deadline deadline)
      throws IOException, InterruptedException {
    RegistryRequest request =
        RegistryRequest.of(
            "POST", host.uri("/" + name.path() + "/blobs/uploads/"), Scopes.push(name));
    try (Answer answer = host.send(request, deadline)) {
      if (answer.status() != 202) {
        throw host.failure(answer, request, deadline);
      }
      UploadSession session = new UploadSession(client, name, host, location(answer));
      answer
          .header("OCI-Chunk-Min-Length")
          .filter(length -> length.matches("[0-9]{1,9}"))
          .ifPresent(length -> session.minimumChunk = OptionalInt.of(Integer.parseInt(length)));
      return session;
    }
  }

  /** The smallest chunk that the registry takes, except as the last one, in bytes. */
  OptionalInt minimumChunk() {
    return minimumChunk;
  }

  /** Sends the next bytes. When this returns, the registry has them. */
  void append(byte[] bytes, int length) throws IOException, InterruptedException {
    long start = received;
    Attempts attempts = new Attempts();
    call(
        "upload a blob to ",
        deadline -> {
          if (attempts.next() > 1) {
            // Nobody knows how much of the last attempt arrived.
            received = askReceived(deadline);
          }
          if (received < start || received > start + length) {
            throw new HostFailure(
                Kind.REFUSED,
                "has %d bytes of an upload that had %d and was sent %d more"
                    .formatted(received, start, length));
          }
          int sent = (int) (received - start);
          if (sent < length) {
            patch(
                new RequestBody(bytes, sent, length - sent, MEDIA_TYPE),
                attempts.made() > 1,
                deadline);
          }
        });
  }

  private void patch(RequestBody body, boolean retried, Deadline deadline)
      throws IOException, InterruptedException {
    long end = received + body.length();
    RegistryRequest request =
        RegistryRequest.of(
            "PATCH",
            location,
            Scopes.push(name),
            body,
            new HeaderField("Content-Range", received + "-" + (end - 1)));
    try (Answer answer = host.send(request, deadline)) {
      if (answer.status() / 100 != 2) {
        if (answer.status() == 416) {
          // it has more or less than was thought, and says how much when it is asked
          HostFailure failure = host.failure(answer, request, deadline);
          throw new HostFailure(Kind.TEMPORARY, failure.reason());
        }
        throw refused(answer, request, retried, deadline);
      }
      location = location(answer);
      OptionalLong confirmed = received(answer);
      if (confirmed.isPresent() && confirmed.getAsLong() != end) {
        throw new HostFailure(
            Kind.TEMPORARY,
            "has %d bytes of an upload of which %d were sent"
                .formatted(confirmed.getAsLong(), end));
      }
      received = end;
    }
  }

  /**
   * A registry that got a request but whose answer was lost may take the next one for wrong: the
   * state that its addresses carry is old then.
   */
  private IOException refused(
      Answer answer, RegistryRequest request, boolean retried, Deadline deadline)
      throws IOException {
    int status = answer.status();
    HostFailure failure = host.failure(answer, request, deadline);
    return status == 404 || (retried && (status == 400 || status == 416))
        ? new LostUploadException(
            "can't upload a blob to %s: %s %s".formatted(name, host.name(), failure.reason()))
        : failure;
  }

  private long askReceived(Deadline deadline) throws IOException, InterruptedException {
    RegistryRequest request = RegistryRequest.get(location, Scopes.push(name));
    try (Answer answer = host.send(request, deadline)) {
      if (answer.status() / 100 != 2) {
        throw refused(answer, request, true, deadline);
      }
      if (answer.header("Location").isPresent()) {
        location = location(answer);
      }
      return received(answer)
          .orElseThrow(
              () -> new HostFailure(Kind.REFUSED, "does not say how much of the upload it has"));
    }
  }

  /**
   * Ends the upload.
   *
   * @param rest the last bytes, or all of them when none were appended
   */
  void commit(Digest digest, byte[] rest, int length) throws IOException, InterruptedException {
    Attempts attempts = new Attempts();
    call(
        "end the upload of the blob " + digest + " to ",
        deadline -> {
          if (attempts.next() > 1 && BlobCheck.isPresent(host, name, digest, deadline)) {
            // The answer to the last attempt was lost, not the blob.
            return;
          }
          String query = location.getRawQuery();
          URI uri =
              URI.create(
                  location
                      + (query == null ? "?" : query.isEmpty() ? "" : "&")
                      + "digest="
                      + digest);
          RegistryRequest request =
              RegistryRequest.of(
                  "PUT", uri, Scopes.push(name), new RequestBody(rest, 0, length, MEDIA_TYPE));
          try (Answer answer = host.send(request, deadline)) {
            if (answer.status() / 100 != 2) {
              throw refused(answer, request, attempts.made() > 1, deadline);
            }
          }
        });
  }

  /**
   * Tells the registry to forget the upload, if it still has it. A failure is logged: it will
   * forget it by itself.
   */
  void cancel() {
    boolean interrupted = Thread.interrupted();
    Deadline deadline = Deadline.in(CANCEL_TIME);
    RegistryRequest request = RegistryRequest.of("DELETE", location, Scopes.push(name));
    try (Answer answer = host.send(request, deadline)) {
      if (answer.status() / 100 != 2 && answer.status() != 404) {
        throw host.failure(answer, request, deadline);
      }
    } catch (IOException e) {
      log.warn(
          "event=upload-not-cancelled repository={} host={} cause=\"{}\"",
          name,
          host.name(),
          HostFailure.of(e).reason());
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Where an answer says the next bytes go to. */
  static URI location(Answer answer) throws HostFailure {
    String location = answer.header("Location").orElse("");
    try {
      if (location.isEmpty()) {
        throw new IllegalArgumentException("is missing");
      }
      return Origin.follow(answer.uri(), location);
    } catch (IllegalArgumentException e) {
      throw new HostFailure(
          Kind.REFUSED, "answered with a Location for the upload that " + e.getMessage());
    }
  }

  /** How many bytes an answer says have arrived; "0-0" is what registries say for none. */
  private static OptionalLong received(Answer answer) {
    Matcher range = RECEIVED.matcher(answer.header("Range").orElse(""));
    if (!range.matches()) {
      return OptionalLong.empty();
    }
    long last = Long.parseLong(range.group(1));
    return OptionalLong.of(last == 0 ? 0 : last + 1);
  }

  /** Something to be tried with the host that the upload was begun with. */
  @FunctionalInterface
  private interface Step {
    void run(Deadline deadline) throws IOException, InterruptedException;
  }

  private static final class Attempts {
    private int made;

    int next() {
      return ++made;
    }

    int made() {
      return made;
    }
  }

  private void call(String what, Step step) throws IOException, InterruptedException {
    new Registry(name.registry(), client.settings().firstContact(), java.util.List.of(host))
        .call(
            name,
            task(name, what),
            Deadline.in(client.settings().deadline()),
            (_, deadline) -> {
              step.run(deadline);
              return true;
            });
  }

  private static Task task(RepositoryName name, String what) {
    return new Task(Task.Subject.UPLOAD, what + name, Capability.PUSH);
  }
}
