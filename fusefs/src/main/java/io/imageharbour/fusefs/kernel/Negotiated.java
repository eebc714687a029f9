package io.imageharbour.fusefs.kernel;

/**
 * What the kernel and the server agreed on at INIT, which happens once in the life of a mount. A
 * process that takes a descriptor over needs it, because it will see no INIT.
 *
 * @param minor the lower of both sides' minor protocol versions
 * @param flags the features that both sides have
 */
public record Negotiated(int minor, long flags) {

  /** Whether files may be opened with a backing file that the kernel reads by itself. */
  public boolean passthrough() {
    return (flags & FuseProtocol.PASSTHROUGH) != 0;
  }
}
