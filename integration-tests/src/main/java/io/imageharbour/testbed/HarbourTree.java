package io.imageharbour.testbed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.imageharbour.indexer.HarbourException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** The ready-to-run tree that the build leaves, with the programs in {@code bin}. */
public record HarbourTree(Path directory) {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path IN_CHECKOUT = Path.of("packaging/target/harbour");

  /** Names another tree than the one of the checkout that the working directory lies in. */
  private static final String PROPERTY = "harbour.tree";

  /** Finds the tree of this checkout. */
  public static HarbourTree locate() throws HarbourException {
    String named = System.getProperty(PROPERTY);
    if (named != null) {
      return new HarbourTree(Path.of(named).toAbsolutePath());
    }
    return new HarbourTree(checkout().resolve(IN_CHECKOUT));
  }

  /** The checkout that the working directory lies in, which is built. */
  public static Path checkout() throws HarbourException {
    Path start = Path.of("").toAbsolutePath();
    for (Path parent = start; parent != null; parent = parent.getParent()) {
      if (Files.isExecutable(parent.resolve(IN_CHECKOUT).resolve("bin/harbourd"))) {
        return parent;
      }
    }
    throw new HarbourException(
        "no %s above %s: run ./dev build first".formatted(IN_CHECKOUT, start));
  }

  /** One of the programs in it. */
  public Path program(String name) {
    return directory.resolve("bin").resolve(name);
  }

  /** The directory with its native libraries. */
  public Path libraries() {
    return directory.resolve("lib/native");
  }

  /** {@code harbourctl} with arguments. */
  public Command harbourctl(Object... arguments) {
    return Command.of(directory.resolve("bin/harbourctl"))
        .withArguments(arguments)
        .withTimeout(Duration.ofMinutes(10));
  }

  /** {@code harbourd} with arguments. */
  Command harbourd(Object... arguments) {
    return Command.of(directory.resolve("bin/harbourd")).withArguments(arguments);
  }

  /** {@code harbour-agent} with arguments. */
  Command harbourAgent(Object... arguments) {
    return Command.of(directory.resolve("bin/harbour-agent")).withArguments(arguments);
  }

  /** Converts an image over plain HTTP and answers the summary that {@code --json} prints. */
  public JsonNode convert(String source, String target) throws IOException, InterruptedException {
    Command.Output output = harbourctl("convert", "--plain-http", "--json", source, target).run();
    return JSON.readTree(output.bytes());
  }

  /** Leaves the index beside an image, over plain HTTP, and answers the same summary. */
  public JsonNode attach(String image) throws IOException, InterruptedException {
    return JSON.readTree(
        harbourctl("convert", "--plain-http", "--attach", "--json", image).run().bytes());
  }

  /** Pulls an image over plain HTTP into what a client talks to, and answers what it says. */
  public JsonNode pull(Ctr ctr, String image) throws IOException, InterruptedException {
    Command.Output output =
        harbourctl("pull", "--plain-http", "--json", "--address", ctr.socket())
            .withArguments("--namespace", ctr.namespace(), image)
            .run();
    return JSON.readTree(output.bytes());
  }
}
