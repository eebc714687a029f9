package io.imageharbour.indexer.erofs;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;

/**
 * What the Java library cannot ask Linux. Paths and names are bytes, given and returned as Latin-1
 * strings.
 */
final class SystemCalls {

  private static final Linker LINKER = Linker.nativeLinker();
  private static final long ERRNO =
      Linker.Option.captureStateLayout().byteOffset(MemoryLayout.PathElement.groupElement("errno"));
  private static final int LONGEST = 70_000;

  private SystemCalls() {}

  static void mount(String source, String target, String type, long flags, String data)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      call(
          "mount",
          source,
          text(arena, source),
          text(arena, target),
          text(arena, type),
          MemorySegment.ofAddress(flags),
          text(arena, data));
    }
  }

  static byte[] readlink(String path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(LONGEST);
      return result(buffer, call("readlink", path, text(arena, path), buffer, size(LONGEST)));
    }
  }

  static List<String> listxattr(String path) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(LONGEST);
      long length = call("llistxattr", path, text(arena, path), buffer, size(LONGEST));
      List<String> names = new ArrayList<>();
      for (long i = 0; i < length; i += names.getLast().length() + 1) {
        byte[] rest = result(buffer.asSlice(i), length - i);
        int end = 0;
        while (rest[end] != 0) {
          end++;
        }
        names.add(Latin1.decode(java.util.Arrays.copyOf(rest, end)));
      }
      return names;
    }
  }

  static byte[] getxattr(String path, String name) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(LONGEST);
      return result(
          buffer,
          call(
              "lgetxattr",
              path + " " + name,
              text(arena, path),
              text(arena, name),
              buffer,
              size(LONGEST)));
    }
  }

  /**
   * Calls a function whose arguments all fit a register and whose result is negative on failure.
   */
  private static long call(String function, String about, MemorySegment... arguments)
      throws IOException {
    MemoryLayout[] types = new MemoryLayout[arguments.length];
    java.util.Arrays.fill(types, ValueLayout.ADDRESS);
    MethodHandle handle =
        LINKER
            .downcallHandle(
                LINKER.defaultLookup().findOrThrow(function),
                FunctionDescriptor.of(ValueLayout.JAVA_LONG, types),
                Linker.Option.captureCallState("errno"))
            .asSpreader(1, MemorySegment[].class, arguments.length);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
      long result = (long) handle.invokeExact(state, arguments);
      if ((int) result < 0) {
        throw new IOException(
            "%s %s: errno %d".formatted(function, about, state.get(ValueLayout.JAVA_INT, ERRNO)));
      }
      return result;
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static MemorySegment text(Arena arena, String text) {
    byte[] bytes = Latin1.encode(text);
    MemorySegment segment = arena.allocate(bytes.length + 1L);
    MemorySegment.copy(bytes, 0, segment, ValueLayout.JAVA_BYTE, 0, bytes.length);
    return segment;
  }

  private static MemorySegment size(long size) {
    return MemorySegment.ofAddress(size);
  }

  private static byte[] result(MemorySegment buffer, long length) {
    return buffer.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
  }
}
