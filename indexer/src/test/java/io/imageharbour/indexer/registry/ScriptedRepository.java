package io.imageharbour.indexer.registry;

import static io.imageharbour.indexer.registry.TestClients.randomBytes;

import io.imageharbour.indexer.Digest;
import io.imageharbour.indexer.registry.ScriptedServer.Handler;
import io.imageharbour.indexer.registry.ScriptedServer.Reply;
import io.imageharbour.indexer.registry.ScriptedServer.Request;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A repository with one blob on a server that answers as a test says, and the client that it is
 * read with. JUnit closes both after the test.
 */
final class ScriptedRepository implements AfterEachCallback {

  static final byte[] BLOB = randomBytes(400_000, 1);
  static final Digest DIGEST = Digest.sha256(BLOB);

  private final Duration deadline;
  private final Duration stall;
  private @Nullable ScriptedServer server;
  private @Nullable RegistryClient client;

  /** Read by clients of these limits, unless a test says otherwise. */
  ScriptedRepository(Duration deadline, Duration stall) {
    this.deadline = deadline;
    this.stall = stall;
  }

  /** Starts the server. */
  Repository start(Handler handler) throws IOException {
    return start(handler, deadline, stall);
  }

  /** Starts the server, for a client of other limits. */
  Repository start(Handler handler, Duration limit, Duration stallLimit) throws IOException {
    ScriptedServer started = new ScriptedServer(handler);
    server = started;
    return client(limit, stallLimit).repository(started.repository("a/b"));
  }

  /** A client that knows of no configuration, without a server. */
  RegistryClient client(Duration limit, Duration stallLimit) throws IOException {
    RegistrySettings settings = TestClients.settings(Path.of("/nonexistent"));
    RegistryClient opened = new RegistryClient(settings.withTimeouts(limit, stallLimit));
    client = opened;
    return opened;
  }

  /** What the server was asked. */
  List<Request> requests() {
    return server == null ? List.of() : server.requests();
  }

  /** Reads a part of the blob. */
  static byte[] read(Repository repository, int offset, int length)
      throws IOException, InterruptedException {
    return repository.readBlob(DIGEST, BLOB.length, offset, length);
  }

  /** What {@link #read} should bring. */
  static byte[] expected(int offset, int length) {
    return Arrays.copyOfRange(BLOB, offset, offset + length);
  }

  /** The part of the blob that a request asks for. */
  static Reply part(Request request) {
    return Reply.part(BLOB, request);
  }

  @Override
  public void afterEach(ExtensionContext context) throws IOException {
    if (client != null) {
      client.close();
    }
    if (server != null) {
      server.close();
    }
  }
}
