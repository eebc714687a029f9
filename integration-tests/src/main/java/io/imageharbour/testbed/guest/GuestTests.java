package io.imageharbour.testbed.guest;

import io.imageharbour.indexer.HarbourException;
import io.imageharbour.testbed.Command;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * Runs Jupiter's test classes of a module in a guest, with JUnit's console launcher, which has to
 * be on the class path of the module's tests. The JVM there knows the address of the RDMA device as
 * the property {@value #ADDRESS_PROPERTY}.
 */
public final class GuestTests {

  /** What tests in the guest find {@link Guest#RDMA_ADDRESS} by. */
  public static final String ADDRESS_PROPERTY = "harbour.rdma.address";

  private static final String LAUNCHER = "org.junit.platform.console.ConsoleLauncher";

  private final Guest guest;
  private final List<String> jvmFlags;

  /**
   * One test that ran.
   *
   * @param name its class and its method
   * @param failure what it said when it failed, with its stack trace
   * @param skipped why it did not run
   */
  public record Result(String name, Optional<String> failure, Optional<String> skipped) {}

  /**
   * @param jvmFlags the ones that every JVM of Harbour runs with, and what the tests are to know
   */
  public GuestTests(Guest guest, List<String> jvmFlags) {
    this.guest = guest;
    this.jvmFlags = List.copyOf(jvmFlags);
  }

  /**
   * Runs classes in one boot and one JVM.
   *
   * @param module the directory of a Maven module, built: its {@code target/test-classpath} lists
   *     the libraries of its tests
   * @param classes the full names of at least one class
   * @param limit for all of it, the boot included
   * @return what each test came to, at least one
   * @throws HarbourException when the guest broke down, or no test ran
   */
  public List<Result> run(Path module, List<String> classes, Duration limit)
      throws IOException, InterruptedException {
    Path target = module.resolve("target").toAbsolutePath().normalize();
    Path reports = guest.directory().resolve("reports");
    Command.of("rm", "-rf", reports).run();
    Command java =
        Command.of(Path.of(System.getProperty("java.home"), "bin/java"))
            .withArguments(jvmFlags.toArray())
            // Less to compile, and one thread less; an AOT cache of the host's does not fit there.
            .withArguments("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx1g")
            .withArguments("-Djava.library.path=" + target.resolve("native"))
            .withArguments("-D" + ADDRESS_PROPERTY + "=" + Guest.RDMA_ADDRESS)
            .withArguments("-cp", classPath(target), LAUNCHER, "execute", "--disable-banner")
            .withArguments("--disable-ansi-colors", "--details=testfeed", "--reports-dir", reports)
            .withArguments("--include-engine=junit-jupiter")
            .withArguments(classes.stream().map(name -> "--select-class=" + name).toArray())
            // for programs of Harbour that tests start, which leave their AOT caches alone then
            .withEnvironment("JAVA_HOME", System.getProperty("java.home"))
            .withEnvironment(
                "HARBOUR_JAVA_OPTIONS", "-XX:AOTMode=auto -XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
            .withTimeout(limit);
    Guest.Outcome outcome = guest.run(java);
    List<Result> results = read(reports);
    boolean failed = results.stream().anyMatch(result -> result.failure().isPresent());
    if (results.isEmpty() || outcome.exit() != (failed ? 1 : 0)) {
      throw new HarbourException(
          "%d results of %s in the guest, where JUnit ended with exit code %d: see its output"
              .formatted(results.size(), classes, outcome.exit()));
    }
    return results;
  }

  private static String classPath(Path target) throws IOException {
    return Stream.of(
            target.resolve("test-classes").toString(),
            target.resolve("classes").toString(),
            Files.readString(target.resolve("test-classpath")).strip())
        .reduce((left, right) -> left + File.pathSeparator + right)
        .orElseThrow();
  }

  /** Reads JUnit's reports, one XML file for each of its engines. */
  static List<Result> read(Path reports) throws IOException {
    List<Result> results = new ArrayList<>();
    if (Files.isDirectory(reports)) {
      try (var files = Files.newDirectoryStream(reports, "TEST-*.xml")) {
        for (Path file : files) {
          NodeList cases = parse(file).getElementsByTagName("testcase");
          for (int i = 0; i < cases.getLength(); i++) {
            results.add(result((Element) cases.item(i)));
          }
        }
      }
    }
    return results;
  }

  private static Result result(Element test) {
    return new Result(
        test.getAttribute("classname") + "." + test.getAttribute("name"),
        text(test, "failure").or(() -> text(test, "error")),
        text(test, "skipped"));
  }

  private static Optional<String> text(Element test, String tag) {
    NodeList found = test.getElementsByTagName(tag);
    return found.getLength() == 0
        ? Optional.empty()
        : Optional.of(found.item(0).getTextContent().strip());
  }

  private static Document parse(Path file) throws IOException {
    try {
      DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
      factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
      factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
      return factory.newDocumentBuilder().parse(file.toFile());
    } catch (ParserConfigurationException | SAXException e) {
      throw new HarbourException(
          "JUnit's report %s cannot be read: %s".formatted(file, e.getMessage()), e);
    }
  }
}
