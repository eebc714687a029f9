package io.imageharbour.fusefs.kernel;

import io.imageharbour.fusefs.linux.LinuxException;
import io.imageharbour.fusefs.linux.OpenFile;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/** Makes replies to requests that no kernel sent; the answers go nowhere. */
public final class Replies {

  private final FuseConnection connection;
  private long unique;

  public Replies() {
    try {
      OpenFile sink = OpenFile.open(Path.of("/dev/null"), OpenFile.O_RDWR);
      connection = FuseConnection.takeOver(sink, new Negotiated(40, 0));
    } catch (LinuxException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A connection that takes every answer. */
  public FuseConnection connection() {
    return connection;
  }

  /** A reply to one more request. */
  public FuseReply next() {
    return new FuseReply(connection, ++unique);
  }
}
