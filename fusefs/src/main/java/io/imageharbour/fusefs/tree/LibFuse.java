package io.imageharbour.fusefs.tree;

import io.imageharbour.fusefs.TreeMountException;
import jnr.ffi.LibraryLoader;
import jnr.ffi.annotations.Delegate;
import jnr.ffi.types.intptr_t;
import jnr.ffi.types.off_t;
import jnr.ffi.types.size_t;

/**
 * The functions of libfuse 2 that a mount takes, and what it calls back, with addresses as numbers.
 * jnr-fuse's own binding has one function that does all of it, and it makes strings of paths, which
 * loses what is not UTF-8.
 *
 * @see <a href="https://github.com/libfuse/libfuse/tree/fuse-2_9_bugfix/include">fuse.h, version
 *     2.9</a>
 */
@SuppressWarnings({"checkstyle:MethodName", "MemberName"}) // they are called as in C
public interface LibFuse {

  /**
   * Mounts, and makes a file system of operations, which it copies; 0 if that fails, which it says
   * on stderr. The functions that do one of both have names that old versions of them had too, and
   * those are what a program that loads the library finds.
   *
   * @param target is given the address of the path of the mount, to be freed
   */
  @intptr_t
  long fuse_setup(
      int count,
      @intptr_t long arguments,
      @intptr_t long operations,
      @size_t long size,
      @intptr_t long target,
      @intptr_t long multithreaded,
      @intptr_t long data);

  /** The session of a file system. */
  @intptr_t
  long fuse_get_session(@intptr_t long fuse);

  /** The first channel of a session, if {@code before} is 0. */
  @intptr_t
  long fuse_session_next_chan(@intptr_t long session, @intptr_t long before);

  /**
   * Waits for a request.
   *
   * @param channel the address of a channel's address
   * @return its length in bytes; 0 if the mount is gone; or a negative error number, of which EINTR
   *     and EAGAIN mean to try again
   */
  int fuse_chan_recv(@intptr_t long channel, @intptr_t long buffer, @size_t long size);

  /** Answers a request, by calling back. */
  void fuse_session_process(
      @intptr_t long session, @intptr_t long request, @size_t long length, @intptr_t long channel);

  /** Sends an answer that consists of some {@code struct iovec}. */
  int fuse_chan_send(@intptr_t long channel, @intptr_t long vectors, @size_t long count);

  /** Unmounts, unless that has happened, and closes the channel. */
  void fuse_unmount(@intptr_t long target, @intptr_t long channel);

  /** Frees a file system. */
  void fuse_destroy(@intptr_t long fuse);

  /** Frees what the library has allocated. */
  void free(@intptr_t long memory);

  /** A call with a path and one more address: {@code getattr}, {@code open} and others. */
  interface OnPath {
    /** Returns 0 or a negative error number. */
    @Delegate
    int call(@intptr_t long path, @intptr_t long argument);
  }

  /** {@code readlink} and {@code listxattr}. */
  interface IntoBuffer {
    /** Returns what the operation says, or a negative error number. */
    @Delegate
    int call(@intptr_t long path, @intptr_t long buffer, @size_t long size);
  }

  /** {@code getxattr}. */
  interface OnAttribute {
    /** Returns the length of the value, or a negative error number. */
    @Delegate
    int call(@intptr_t long path, @intptr_t long name, @intptr_t long buffer, @size_t long size);
  }

  /** {@code fgetattr}. */
  interface OnOpenFile {
    /** Returns 0 or a negative error number. */
    @Delegate
    int call(@intptr_t long path, @intptr_t long argument, @intptr_t long info);
  }

  /** {@code read}. */
  interface Read {
    /** Returns the number of bytes, or a negative error number. */
    @Delegate
    int call(
        @intptr_t long path,
        @intptr_t long buffer,
        @size_t long size,
        @off_t long offset,
        @intptr_t long info);
  }

  /** {@code readdir}. */
  interface ReadDirectory {
    /** Returns 0 or a negative error number. */
    @Delegate
    int call(
        @intptr_t long path,
        @intptr_t long buffer,
        @intptr_t long filler,
        @off_t long offset,
        @intptr_t long info);
  }

  /**
   * Loads the library, which is part of no JDK.
   *
   * @throws TreeMountException if this machine has none
   */
  static LibFuse load() throws TreeMountException {
    try {
      return LibraryLoader.create(LibFuse.class).failImmediately().load("libfuse.so.2");
    } catch (UnsatisfiedLinkError e) {
      throw new TreeMountException(
          "this machine has no libfuse.so.2, which a mounted tree takes (%s); install it, on Debian 12: apt-get install libfuse2, on newer ones: libfuse2t64"
              .formatted(e.getMessage()),
          e);
    }
  }
}
