package io.imageharbour.cli;

import io.imageharbour.cli.diff.DiffReport;
import io.imageharbour.cli.diff.DirectoryTree;
import io.imageharbour.cli.diff.FileTree;
import io.imageharbour.cli.diff.IndexTree;
import io.imageharbour.cli.diff.Property;
import io.imageharbour.cli.diff.TreeComparison;
import io.imageharbour.cli.progress.Progress;
import io.imageharbour.cli.progress.Progress.Stage;
import io.imageharbour.cli.progress.Progress.Unit;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.InvalidReferenceException;
import io.imageharbour.indexer.registry.RegistryClient;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code harbourctl diff}. */
@Command(
    name = "diff",
    header = "Compare two file trees: directories or images.",
    description = {
      "Compares names, types, modes, owners, times to the nanosecond, sizes, link targets, hard"
          + " links, device numbers, extended attributes and contents. A and B are directories,"
          + " when they begin with \"/\" or \".\", or else images. Directories are read to the last"
          + " byte. Of an index image only the index is fetched, of an ordinary image every layer."
          + " Without B an image is compared with the index that lies beside it."
          + " Exit code 0 means that the trees are the same, 1 that they differ."
    },
    footer = {
      "  harbourctl diff registry.example.com/python:3.12 registry.example.com/python:3.12-harbour",
      "  harbourctl diff registry.example.com/app:5",
      "  harbourctl diff /mnt/one /mnt/two",
      "  harbourctl diff --ignore mtime,owner ./rootfs registry.example.com/app:5-harbour",
      "  harbourctl diff --json A B | jq -r '.differences[].path'"
    })
final class DiffCommand implements Callable<Integer> {

  private final HarbourCtl root;

  @Parameters(
      index = "0",
      paramLabel = "A",
      description = "A directory, or an image: [HOST[:PORT]/]NAME[:TAG][@DIGEST].")
  private String left = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "B",
      description = "The same (default: the index that lies beside the image A).")
  private Optional<String> right = Optional.empty();

  @Option(
      names = "--ignore",
      split = ",",
      paramLabel = "PROPERTY",
      description =
          "Don't compare these: mode, owner, mtime, size, links, same-file, target, device, xattrs,"
              + " content. Separated by commas or given several times.")
  private Set<Property> ignored = new LinkedHashSet<>();

  @Option(names = "--json", description = "Print what differs as JSON.")
  private boolean json;

  @Mixin private final ImageSource source = new ImageSource();

  DiffCommand(HarbourCtl root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (ignored.contains(Property.TYPE)) {
      throw new UsageException("files of different types can't be compared without their types");
    }
    // before anything is read, which may take long
    requireDirectory(left);
    if (right.isPresent()) {
      requireDirectory(right.get());
    }
    TreeComparison comparison;
    try (Progress progress = root.streams().progress(root.isVerbose())) {
      FileTree one = read(left, progress);
      FileTree other = right.isPresent() ? read(right.get(), progress) : readBeside();
      comparison = TreeComparison.of(one, other, ignored);
    }
    DiffReport report = new DiffReport(comparison, left, right.orElse("the index beside it"));
    Writer out = root.streams().text();
    if (json) {
      report.writeJson(out);
    } else {
      report.writeText(out);
    }
    out.flush();
    return comparison.isEqual() ? ExitCode.OK : ExitCode.CHECK_FAILED;
  }

  private FileTree read(String operand, Progress progress)
      throws IOException, InterruptedException {
    if (isDirectory(operand)) {
      Stage stage = progress.stage(Unit.BYTES);
      stage.start(operand, Progress.UNKNOWN);
      FileTree tree = DirectoryTree.read(Path.of(operand), stage::advance);
      stage.finish();
      return tree;
    }
    ImageReference image = reference(operand);
    try (RegistryClient client = source.client()) {
      return IndexTree.of(source.readTree(client, image, new ConversionProgress(progress)));
    }
  }

  private FileTree readBeside() throws IOException, InterruptedException {
    if (isDirectory(left)) {
      throw new UsageException("nothing lies beside a directory: give a B to compare it with");
    }
    ImageReference image = reference(left);
    try (RegistryClient client = source.client()) {
      if (source.isIndexImage(client, image)) {
        throw new UsageException(
            image + " is an index image, with nothing beside it: give a B to compare it with");
      }
      return IndexTree.of(source.open(client, image).index());
    }
  }

  private static void requireDirectory(String operand) throws IOException {
    if (isDirectory(operand) && !Files.isDirectory(Path.of(operand))) {
      throw Files.exists(Path.of(operand))
          ? new NotDirectoryException(operand)
          : new NoSuchFileException(operand);
    }
  }

  private static boolean isDirectory(String operand) {
    return operand.startsWith("/") || operand.startsWith(".");
  }

  private static ImageReference reference(String operand) throws UsageException {
    try {
      return ImageReference.parse(operand);
    } catch (InvalidReferenceException e) {
      throw new UsageException(
          e.getMessage() + "; a directory begins with \"/\" or \".\", such as ./" + operand);
    }
  }
}
