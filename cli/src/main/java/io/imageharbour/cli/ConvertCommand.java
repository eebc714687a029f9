package io.imageharbour.cli;

import io.imageharbour.cli.progress.Progress;
import io.imageharbour.indexer.convert.ConversionOptions;
import io.imageharbour.indexer.convert.ConversionSummary;
import io.imageharbour.indexer.convert.Converter;
import io.imageharbour.indexer.image.Platform;
import io.imageharbour.indexer.registry.ImageReference;
import io.imageharbour.indexer.registry.RegistryClient;
import java.io.IOException;
import java.io.Writer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code harbourctl convert}. */
@Command(
    name = "convert",
    header = "Turn an image into an index image and packs.",
    description = {
      "Reads SOURCE from its registry and pushes an index image as TARGET, without unpacking"
          + " anything to this machine's disk. Files that a pack of TARGET's repository holds"
          + " already are not stored again. SOURCE stays as it is. The same input gives the same"
          + " digests.",
      "With --attach nothing gets a new name: the index is left beside SOURCE, for clients that say"
          + " which image they unpack (CRI, Docker, harbourctl pull)."
    },
    footer = {
      "  harbourctl convert registry.example.com/python:3.12",
      "      pushes registry.example.com/python:3.12-harbour",
      "  harbourctl convert --platform linux/amd64,linux/arm64 \\",
      "      docker.io/library/redis:7 registry.example.com/redis:7",
      "  harbourctl convert --dedup-from registry.example.com/base:1-harbour \\",
      "      registry.example.com/app:5",
      "  harbourctl convert --attach registry.example.com/app:5",
      "  harbourctl convert --json registry.example.com/app:5 | jq -r .digest"
    })
final class ConvertCommand implements Callable<Integer> {

  private static final String SUFFIX = "-harbour";

  /** Long enough for a registry that is restarted: a conversion may have come far. */
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final HarbourCtl root;

  @Parameters(
      index = "0",
      paramLabel = "SOURCE",
      description = "The image to convert: [HOST[:PORT]/]NAME[:TAG][@DIGEST].")
  private Optional<ImageReference> source = Optional.empty();

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "TARGET",
      description = "What to push (default: SOURCE with \"" + SUFFIX + "\" appended to its tag).")
  private Optional<ImageReference> target = Optional.empty();

  @Option(
      names = "--platform",
      split = ",",
      paramLabel = "OS/ARCH",
      description = "Convert these platforms only (default: all that SOURCE has).")
  private List<Platform> platforms = new ArrayList<>();

  @Option(
      names = "--dedup-from",
      split = ",",
      paramLabel = "REF",
      description =
          "Index images in TARGET's registry whose packs are used too; separated by commas or"
              + " given several times.")
  private List<ImageReference> dedupFrom = new ArrayList<>();

  @Option(
      names = "--level",
      paramLabel = "1..19",
      description = "zstd's compression level (default: ${DEFAULT-VALUE}).")
  private int level = ConversionOptions.DEFAULT_LEVEL;

  @Option(
      names = "--jobs",
      paramLabel = "N",
      description = "Compress with N threads (default: one per processor).")
  private int jobs = ConversionOptions.defaults().jobs();

  @Option(
      names = "--no-recipes",
      description =
          "Do not store what it takes to restore SOURCE: then it is needed as long as anybody may"
              + " want it back.")
  private boolean noRecipes;

  @Option(
      names = "--attach",
      description =
          "Leave the index beside SOURCE, as a referrer of it, instead of pushing TARGET.")
  private boolean attach;

  @Option(names = "--json", description = "Print the summary as JSON.")
  private boolean json;

  @Mixin private final RegistryOptions registry = new RegistryOptions();

  ConvertCommand(HarbourCtl root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    ImageReference from = source.orElseThrow();
    ImageReference to = target(from);
    ConversionSummary summary;
    try (RegistryClient client = registry.open(PATIENCE);
        Progress progress = root.streams().progress(root.isVerbose())) {
      Converter converter = new Converter(client, options());
      ConversionProgress listener = new ConversionProgress(progress);
      summary = attach ? converter.attach(from, listener) : converter.convert(from, to, listener);
    }
    Writer out = root.streams().text();
    if (json) {
      SummaryFormat.writeJson(summary, out);
    } else {
      SummaryFormat.writeText(summary, registry.isPlainHttp(), out);
    }
    out.flush();
    return ExitCode.OK;
  }

  private ImageReference target(ImageReference from) throws UsageException {
    if (attach && target.isPresent()) {
      throw new UsageException("with --attach there is no TARGET: the index is left beside SOURCE");
    }
    if (attach && noRecipes) {
      throw new UsageException(
          "--attach needs the recipe: nodes make the trees of single layers out of it");
    }
    if (attach) {
      return from;
    }
    return target.isPresent() ? checked(from, target.get()) : defaultTarget(from);
  }

  private ConversionOptions options() throws UsageException {
    try {
      return new ConversionOptions(platforms, dedupFrom, level, jobs, !noRecipes);
    } catch (IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  private static ImageReference defaultTarget(ImageReference source) throws UsageException {
    if (source.tag().isEmpty() && source.digest().isPresent()) {
      throw new UsageException(
          "SOURCE has a digest and no tag that TARGET's could be made from: give a TARGET, such as "
              + source.repository()
              + ":1.0"
              + SUFFIX);
    }
    String tag = source.tag().orElse("latest") + SUFFIX;
    try {
      return source.withTag(tag);
    } catch (IllegalArgumentException e) {
      throw new UsageException(
          "SOURCE's tag is too long to have \"" + SUFFIX + "\" appended: give a TARGET");
    }
  }

  private static ImageReference checked(ImageReference source, ImageReference target)
      throws UsageException {
    if (target.digest().isPresent()) {
      throw new UsageException("TARGET can't have a digest: what it will be is not known yet");
    }
    ImageReference tagged = target.withTag(target.tag().orElse("latest"));
    if (tagged.equals(source.withTag(source.tag().orElse("latest")))) {
      throw new UsageException(
          "TARGET is SOURCE: the original would lose its tag, and then the registry may delete it."
              + " Give another TARGET, or none");
    }
    return tagged;
  }
}
