package io.imageharbour.fusefs.kernel;

import java.lang.foreign.MemorySegment;

/** What the kernel asks. Only what the content mount has an answer for; the rest has no body. */
public sealed interface FuseRequest {

  /**
   * Is there an entry of this name?
   *
   * @param parent node of the directory
   * @param name of the entry without the NUL at its end; only valid while the request is handled by
   *     the thread that read it
   */
  record Lookup(long parent, MemorySegment name) implements FuseRequest {}

  /** What are the attributes of a node? */
  record GetAttributes(long node) implements FuseRequest {}

  /** Open a file for reading. */
  record Open(long node) implements FuseRequest {}

  /**
   * Read from an open file.
   *
   * @param handle what the answer to {@link Open} called it
   * @param offset in bytes, at least 0
   * @param size in bytes, 0 to {@link FuseConnection#MAX_READ}
   */
  record Read(long node, long handle, long offset, int size) implements FuseRequest {}

  /** An open file is used no more. */
  record Release(long node, long handle) implements FuseRequest {}

  /** Open a directory for listing. */
  record OpenDirectory(long node) implements FuseRequest {}

  /**
   * List a directory.
   *
   * @param offset where to go on: 0, or what an entry of the answer before said
   * @param size of the answer at most, in bytes
   */
  record ReadDirectory(long node, long offset, int size) implements FuseRequest {}

  /** An open directory is used no more. */
  record ReleaseDirectory(long node) implements FuseRequest {}

  /** How full is the file system? */
  record Statistics() implements FuseRequest {}

  /** A process that waits for the answer to another request got a signal. */
  record Interrupt(long request) implements FuseRequest {}

  /** The kernel has dropped nodes from its cache. Not answered. */
  record Forget() implements FuseRequest {}

  /** The file system is being unmounted. */
  record Destroy() implements FuseRequest {}

  /** Anything else; answered with ENOSYS. */
  record Unsupported(int operation) implements FuseRequest {}
}
