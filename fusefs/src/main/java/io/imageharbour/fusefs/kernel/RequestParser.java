package io.imageharbour.fusefs.kernel;

import static io.imageharbour.fusefs.kernel.FuseProtocol.IN_HEADER;
import static io.imageharbour.fusefs.kernel.FuseProtocol.READ_IN;
import static io.imageharbour.fusefs.kernel.FuseProtocol.RELEASE_IN;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;

/**
 * Takes a request apart. The kernel is trusted less than it could be: lengths are checked against
 * what was read before a field is touched.
 */
final class RequestParser {

  private static final long LEN = FuseProtocol.offset(IN_HEADER, "len");
  private static final long OPCODE = FuseProtocol.offset(IN_HEADER, "opcode");
  private static final long UNIQUE = FuseProtocol.offset(IN_HEADER, "unique");
  private static final long NODE = FuseProtocol.offset(IN_HEADER, "nodeid");
  private static final long EXTENSIONS = FuseProtocol.offset(IN_HEADER, "total_extlen");
  private static final long BODY = IN_HEADER.byteSize();

  private static final long READ_HANDLE = BODY + FuseProtocol.offset(READ_IN, "fh");
  private static final long READ_OFFSET = BODY + FuseProtocol.offset(READ_IN, "offset");
  private static final long READ_SIZE = BODY + FuseProtocol.offset(READ_IN, "size");
  private static final long RELEASE_HANDLE = BODY + FuseProtocol.offset(RELEASE_IN, "fh");

  /** Longest name in a LOOKUP, as {@code FUSE_NAME_MAX} of the kernel. */
  private static final long MAX_NAME_BYTES = 1024;

  private RequestParser() {}

  /**
   * Checks the header of what read(2) brought.
   *
   * @throws MalformedRequestException if it is too short or says another length
   */
  static void checkHeader(MemorySegment request) throws MalformedRequestException {
    if (request.byteSize() < IN_HEADER.byteSize()) {
      throw new MalformedRequestException(
          "a FUSE request has at least "
              + IN_HEADER.byteSize()
              + " bytes, not "
              + request.byteSize());
    }
    long declared = Integer.toUnsignedLong(request.get(JAVA_INT, LEN));
    if (declared != request.byteSize()) {
      throw new MalformedRequestException(
          "a FUSE request says it has " + declared + " bytes and has " + request.byteSize());
    }
  }

  /** The number that the answer has to carry. */
  static long unique(MemorySegment request) {
    return request.get(JAVA_LONG, UNIQUE);
  }

  /** The operation that is asked for. */
  static int operation(MemorySegment request) {
    return request.get(JAVA_INT, OPCODE);
  }

  /**
   * The request in a segment whose header has been checked.
   *
   * @throws MalformedRequestException if the arguments are shorter than the operation's, or absurd
   */
  static FuseRequest parse(MemorySegment request) throws MalformedRequestException {
    int operation = operation(request);
    long node = request.get(JAVA_LONG, NODE);
    return switch (operation) {
      case FuseProtocol.LOOKUP -> new FuseRequest.Lookup(node, name(request));
      case FuseProtocol.GETATTR -> new FuseRequest.GetAttributes(node);
      case FuseProtocol.OPEN -> new FuseRequest.Open(node);
      case FuseProtocol.READ -> read(request, node);
      case FuseProtocol.RELEASE -> {
        require(request, RELEASE_IN.byteSize());
        yield new FuseRequest.Release(node, request.get(JAVA_LONG, RELEASE_HANDLE));
      }
      case FuseProtocol.OPENDIR -> new FuseRequest.OpenDirectory(node);
      case FuseProtocol.READDIR -> {
        FuseRequest.Read read = read(request, node);
        yield new FuseRequest.ReadDirectory(node, read.offset(), read.size());
      }
      case FuseProtocol.RELEASEDIR -> new FuseRequest.ReleaseDirectory(node);
      case FuseProtocol.STATFS -> new FuseRequest.Statistics();
      case FuseProtocol.INTERRUPT -> {
        require(request, Long.BYTES);
        yield new FuseRequest.Interrupt(request.get(JAVA_LONG, BODY));
      }
      case FuseProtocol.FORGET, FuseProtocol.BATCH_FORGET -> new FuseRequest.Forget();
      case FuseProtocol.DESTROY -> new FuseRequest.Destroy();
      default -> new FuseRequest.Unsupported(operation);
    };
  }

  /** Whether the kernel waits for an answer to this operation. */
  static boolean isAnswered(int operation) {
    return operation != FuseProtocol.FORGET && operation != FuseProtocol.BATCH_FORGET;
  }

  private static FuseRequest.Read read(MemorySegment request, long node)
      throws MalformedRequestException {
    require(request, READ_IN.byteSize());
    long offset = request.get(JAVA_LONG, READ_OFFSET);
    int size = request.get(JAVA_INT, READ_SIZE);
    if (offset < 0 || size < 0 || size > FuseConnection.MAX_READ) {
      throw new MalformedRequestException(
          "READ of " + Integer.toUnsignedString(size) + " bytes at " + offset);
    }
    return new FuseRequest.Read(node, request.get(JAVA_LONG, READ_HANDLE), offset, size);
  }

  private static MemorySegment name(MemorySegment request) throws MalformedRequestException {
    // extensions, counted in units of eight bytes, would stand behind the name
    long extensions = 8L * Short.toUnsignedInt(request.get(JAVA_SHORT, EXTENSIONS));
    long end = request.byteSize() - extensions - 1;
    if (end <= BODY || end - BODY > MAX_NAME_BYTES || request.get(JAVA_BYTE, end) != 0) {
      throw new MalformedRequestException("LOOKUP without a name that ends with NUL");
    }
    return request.asSlice(BODY, end - BODY);
  }

  private static void require(MemorySegment request, long argumentBytes)
      throws MalformedRequestException {
    if (request.byteSize() < BODY + argumentBytes) {
      throw new MalformedRequestException(
          "operation "
              + operation(request)
              + " has "
              + argumentBytes
              + " bytes of arguments, not "
              + (request.byteSize() - BODY));
    }
  }
}
