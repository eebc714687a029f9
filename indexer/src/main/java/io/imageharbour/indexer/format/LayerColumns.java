package io.imageharbour.indexer.format;

import static io.imageharbour.indexer.format.IndexValidator.require;

import io.imageharbour.indexer.LayerRecipe;
import io.imageharbour.indexer.LayerRecipe.Extent;
import io.imageharbour.indexer.LayerRecipe.FileRecipe;
import io.imageharbour.indexer.format.proto.Layers;
import java.util.ArrayList;
import java.util.List;

/** The recipes of layers, to and from the columns of message Layers. */
final class LayerColumns {

  private final Varints fileCounts;
  private final Varints literalLengths;
  private final Varints contents;
  private final Varints extentCounts;
  private final Varints extentGaps;
  private final Varints extentLengths;
  private final Positions unpadded;
  private final Positions sparse;
  private final int files;
  private final int extents;

  // of the files so far, in all layers
  private int file;
  private long content;
  private long literalBytes;

  LayerColumns(WireMessage message) throws BrokenRuleException {
    fileCounts = message.numbers(Layers.FILE_COUNTS_FIELD_NUMBER);
    literalLengths = message.numbers(Layers.LITERAL_LENGTHS_FIELD_NUMBER);
    contents = message.numbers(Layers.CONTENTS_FIELD_NUMBER);
    extentCounts = message.numbers(Layers.EXTENT_COUNTS_FIELD_NUMBER);
    extentGaps = message.numbers(Layers.EXTENT_GAPS_FIELD_NUMBER);
    extentLengths = message.numbers(Layers.EXTENT_LENGTHS_FIELD_NUMBER);
    Varints unpaddedFiles = message.numbers(Layers.UNPADDED_FIELD_NUMBER);
    Varints sparseFiles = message.numbers(Layers.SPARSE_FIELD_NUMBER);
    files = contents.count();
    extents = extentGaps.count();
    int layers = fileCounts.count();
    require(layers <= Limits.LAYERS, "it has more than %d layers", Limits.LAYERS);
    require(files <= Limits.ENTRIES, "it has more than %d files", Limits.ENTRIES);
    require(
        literalLengths.count() == files + layers,
        "it has %d layers, %d files and %d lengths of literal bytes",
        layers,
        files,
        literalLengths.count());
    require(
        extents <= Limits.EXTENTS && extentLengths.count() == extents,
        "the columns of its extents have %d and %d values",
        extents,
        extentLengths.count());
    require(
        sparseFiles.count() == extentCounts.count(),
        "the columns of its sparse files have %d and %d values",
        sparseFiles.count(),
        extentCounts.count());
    unpadded = new Positions(unpaddedFiles, files);
    sparse = new Positions(sparseFiles, files);
  }

  /**
   * The columns of layers.
   *
   * @param layers from the bottom to the top
   */
  static Layers encode(List<LayerRecipe> layers) {
    Layers.Builder columns = Layers.newBuilder();
    int number = 0;
    int content = 0;
    int unpaddedBefore = 0;
    int sparseBefore = 0;
    for (LayerRecipe layer : layers.reversed()) {
      columns.addFileCounts(layer.files().size());
      for (FileRecipe file : layer.files()) {
        columns.addLiteralLengths(file.literalBytes());
        columns.addContents(file.content() - content);
        content = file.content() + 1;
        if (!file.padded()) {
          columns.addUnpadded(number - unpaddedBefore);
          unpaddedBefore = number;
        }
        if (!file.extents().isEmpty()) {
          columns.addSparse(number - sparseBefore).addExtentCounts(file.extents().size());
          sparseBefore = number;
          long end = 0;
          for (Extent extent : file.extents()) {
            columns.addExtentGaps(extent.offset() - end).addExtentLengths(extent.length());
            end = extent.end();
          }
        }
        number++;
      }
      columns.addLiteralLengths(layer.tail());
    }
    return columns.build();
  }

  /** The layers from the bottom to the top. */
  List<LayerRecipe> layers() throws BrokenRuleException {
    List<LayerRecipe> layers = new ArrayList<>();
    while (fileCounts.hasNext()) {
      int count = fileCounts.nextBelow(files - file + 1L);
      List<FileRecipe> recipes = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        recipes.add(file());
      }
      layers.add(new LayerRecipe(recipes, literal()));
    }
    require(file == files, "%d of its files are in no layer", files - file);
    require(unpadded.atEnd() && sparse.atEnd(), "a column of its layers has too many values");
    require(!extentGaps.hasNext(), "some of its extents belong to no file");
    return layers.reversed();
  }

  private FileRecipe file() throws BrokenRuleException {
    long literal = literal();
    content += contents.nextSigned();
    if (content < 0 || content > Limits.MAX_CONTENT) {
      throw new BrokenRuleException("it refers to content %d", content);
    }
    boolean padded = !unpadded.passes(file);
    List<Extent> stored = sparse.passes(file) ? extents() : List.of();
    file++;
    return new FileRecipe(literal, (int) content++, padded, stored);
  }

  private long literal() throws BrokenRuleException {
    long length = literalLengths.next();
    literalBytes += length;
    if (length < 0 || literalBytes < 0 || literalBytes > Limits.LITERAL_BYTES) {
      throw new BrokenRuleException(
          "it has more literal bytes than %d, the most that are possible", Limits.LITERAL_BYTES);
    }
    return length;
  }

  private List<Extent> extents() throws BrokenRuleException {
    int count = extentCounts.nextBelow(extents + 1L);
    require(count > 0, "a sparse file has no extent");
    List<Extent> stored = new ArrayList<>();
    long end = 0;
    for (int i = 0; i < count; i++) {
      long gap = extentGaps.next();
      long length = extentLengths.next();
      // all below 2^60, so that their sums can't overflow
      if ((gap | length | end) >>> 60 != 0) {
        throw new BrokenRuleException("an extent lies beyond all bounds");
      }
      stored.add(new Extent(end + gap, length));
      end += gap + length;
    }
    return stored;
  }
}
