package io.imageharbour.fusefs.mount;

import io.imageharbour.fusefs.cas.Cas;
import io.imageharbour.fusefs.fetch.FetchPath;
import io.imageharbour.fusefs.table.ContentTable;
import io.imageharbour.fusefs.table.RowAttributes;
import io.imageharbour.fusefs.table.StoredChunk;
import io.imageharbour.fusefs.table.StoredContent;
import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/**
 * Opens files that the CAS does not hold. A file of one chunk is fetched whole, because its digest
 * vouches for every byte. A big one is opened at once and fetched as it is read, because the index
 * vouches for its chunks.
 *
 * <p>But the CAS and the kernel's page cache are shared by all images: if two indexes cut the same
 * file differently, one of them may be forged to slip its bytes under the digest of a file of the
 * other. Such a file is fetched whole and passes its own digest before anybody reads it.
 */
final class FileOpener {

  /** So often a file is opened that somebody deletes at the same time. */
  private static final int ATTEMPTS = 3;

  /** So long a way is tried before another has its turn, and a second for so many bytes. */
  private static final Duration LEAST_PATIENCE = Duration.ofSeconds(5);

  private static final long LEAST_BYTES_PER_SECOND = 1 << 20;

  private final ContentTable table;
  private final Cas cas;
  private final FetchPath fetchPath;
  private final OpenNodes nodes;

  /**
   * A way to a whole file.
   *
   * @param layouts of that content; all cut it in the same way
   */
  private record Way(StoredContent content, List<List<StoredChunk>> layouts) {}

  FileOpener(ContentTable table, Cas cas, FetchPath fetchPath, OpenNodes nodes) {
    this.table = table;
    this.cas = cas;
    this.fetchPath = fetchPath;
    this.nodes = nodes;
  }

  /** Opens a file that was not there just now; waits for its bytes if it has to be whole first. */
  OpenNode open(RowAttributes row) throws IOException, InterruptedException {
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      cas.makeWay(row.digest(), row.size());
      StoredContent content =
          table.content(row.row()).orElseThrow(() -> new StaleNodeException(row.row()));
      Optional<OpenNode> opened = Optional.empty();
      if (canGrow(content.layouts())) {
        // it may have become whole meanwhile
        opened = nodes.openWhole(row);
        if (opened.isEmpty()) {
          opened = nodes.openGrowing(row, content.layouts());
        }
      }
      if (opened.isEmpty()) {
        bringWhole(waysTo(content));
        opened = nodes.openWhole(row);
      }
      if (opened.isPresent()) {
        return opened.get();
      }
    }
    throw new ContentVanishedException(row.digest());
  }

  /**
   * The row whose size is right, of those that images name for one digest. Unless the CAS holds the
   * file, it is brought whole by what each row says, until one passes its digest. The smallest goes
   * first: one that is wrong costs no more than the file itself then.
   *
   * @param claims at least one, the smallest first
   */
  RowAttributes rightOf(List<RowAttributes> claims) throws IOException, InterruptedException {
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      Optional<RowAttributes> right = inCas(claims);
      if (right.isPresent()) {
        return right.get();
      }
      List<Way> ways = new ArrayList<>();
      for (RowAttributes claim : claims) {
        table.content(claim.row()).ifPresent(content -> ways.addAll(waysTo(content)));
      }
      if (ways.isEmpty()) {
        throw new UnknownContentException(claims.getFirst().digest());
      }
      bringWhole(ways);
    }
    throw new ContentVanishedException(claims.getFirst().digest());
  }

  /** Whether the CAS holds the file of a row, so that bytes of this size have passed the digest. */
  boolean isKnownRight(RowAttributes row) throws IOException {
    return inCas(List.of(row)).isPresent();
  }

  private Optional<RowAttributes> inCas(List<RowAttributes> claims) throws IOException {
    OptionalLong size = cas.size(claims.getFirst().digest());
    return claims.stream()
        .filter(claim -> size.isPresent() && claim.size() == size.getAsLong())
        .findFirst();
  }

  /** Brings a file into the CAS by the first way that leads there; at least one. */
  private void bringWhole(List<Way> ways) throws IOException, InterruptedException {
    Ways.inTurns(ways, way -> patience(way.content().size()), this::bringWhole);
  }

  private void bringWhole(Way way, Duration patience) throws IOException, InterruptedException {
    StoredContent content = way.content();
    cas.makeWay(content.digest(), content.size());
    if (content.size() == 0) {
      cas.ingest(Digest.EMPTY, ByteBuffer.allocate(0));
    } else if (way.layouts().getFirst().size() > 1) {
      try (GrowingFile file = nodes.growing(content.row(), content.digest(), way.layouts())) {
        file.bringAll(patience);
      }
    } else {
      Ways.untilOneLeads(way.layouts(), layout -> fetchPath.fetchIntoCas(layout.getFirst()));
    }
  }

  /** How long one that is as slow as we take for possible needs for so many bytes. */
  private static Duration patience(long bytes) {
    return LEAST_PATIENCE.plusSeconds(bytes / LEAST_BYTES_PER_SECOND);
  }

  private static List<Way> waysTo(StoredContent content) {
    return byCut(content.layouts()).stream().map(layouts -> new Way(content, layouts)).toList();
  }

  private static boolean canGrow(List<List<StoredChunk>> layouts) {
    return layouts.getFirst().size() > 1 && byCut(layouts).size() == 1;
  }

  /** The layouts that cut the file in the same way, together. */
  private static Collection<List<List<StoredChunk>>> byCut(List<List<StoredChunk>> layouts) {
    return layouts.stream()
        .collect(Collectors.groupingBy(Cut::of, LinkedHashMap::new, Collectors.toList()))
        .values();
  }
}
