package io.imageharbour.pool.transport.rdma;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What can be said of our native half of DiSNI without a device: {@code src/main/native/disni.c}.
 */
final class DisniLibraryTest {

  private static final String DISPATCHER = "com.ibm.disni.verbs.impl.NativeDispatcher";

  private final Path library =
      Path.of(System.getProperty("java.library.path"), System.mapLibraryName("disni"));

  @BeforeEach
  void skipWhereItWasLeftOut() {
    assumeTrue(Files.exists(library), "the build left RDMA out, for want of a compiler or headers");
  }

  @Test
  void hasEveryNativeMethodThatDisniDeclares() throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup symbols = SymbolLookup.libraryLookup(library, arena);
      // the class is not initialized: this is about the file, whoever loads it
      Class<?> dispatcher = Class.forName(DISPATCHER, false, getClass().getClassLoader());
      assertThat(nativeMethods(dispatcher))
          .hasSize(48)
          .allSatisfy(method -> assertThat(symbols.find(symbol(method))).isPresent());
    }
  }

  @Test
  void refusesIdsThatItNeverGave() throws Exception {
    Class<?> dispatcher = Class.forName(DISPATCHER);
    Constructor<?> constructor = dispatcher.getDeclaredConstructor();
    constructor.setAccessible(true);
    Object natives = constructor.newInstance();
    // an event channel's, a queue pair's and a memory region's kind; 1 << 20 is the first number
    for (long id : List.of(0L, -1L, 1L << 20 | 1 << 16, 1L << 20 | 7 << 16, 1L << 20 | 8 << 16)) {
      for (Method method : methodsWithId(dispatcher)) {
        assertThat(refusal(method, natives, id)).as("%s with %x", method.getName(), id).isTrue();
      }
    }
  }

  @Test
  void withoutADeviceTheMessageSaysWhatIsMissing() {
    assumeFalse(Files.exists(Path.of("/dev/infiniband/rdma_cm")), "there is a device");
    assertThatThrownBy(RdmaTransport::new)
        .isInstanceOf(RdmaUnavailableException.class)
        .hasMessageContaining("no RDMA: the kernel has no RDMA device");
  }

  private static Stream<Method> nativeMethods(Class<?> dispatcher) {
    return Arrays.stream(dispatcher.getDeclaredMethods())
        .filter(method -> Modifier.isNative(method.getModifiers()));
  }

  private static List<Method> methodsWithId(Class<?> dispatcher) {
    return nativeMethods(dispatcher)
        .filter(method -> method.getParameterCount() > 0)
        .filter(method -> method.getParameterTypes()[0] == long.class)
        .toList();
  }

  /** The name that the Java Native Interface gives it: "_" is written "_1". */
  private static String symbol(Method method) {
    return "Java_" + (DISPATCHER + "." + method.getName()).replace("_", "_1").replace('.', '_');
  }

  private static boolean refusal(Method method, Object natives, long id) throws Exception {
    Object[] arguments =
        Arrays.stream(method.getParameterTypes()).map(type -> number(type, id)).toArray();
    try {
      return method.invoke(natives, arguments) instanceof Number result && result.longValue() == -1;
    } catch (InvocationTargetException thrown) {
      return thrown.getCause() instanceof IOException refused
          && String.valueOf(refused.getMessage()).startsWith("closed or unknown ");
    }
  }

  private static Object number(Class<?> type, long id) {
    return switch (type.getName()) {
      case "long" -> (Object) id;
      case "int" -> 1;
      case "short" -> (short) 1;
      default -> (byte) 1;
    };
  }
}
