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
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
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

  private final ContentTable table;
  private final Cas cas;
  private final FetchPath fetchPath;
  private final OpenNodes nodes;

  FileOpener(ContentTable table, Cas cas, FetchPath fetchPath, OpenNodes nodes) {
    this.table = table;
    this.cas = cas;
    this.fetchPath = fetchPath;
    this.nodes = nodes;
  }

  /** Opens a file that was not there just now; waits for its bytes if it has to be whole first. */
  OpenNode open(RowAttributes row) throws IOException, InterruptedException {
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
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
        bringWhole(content);
        opened = nodes.openWhole(row);
      }
      if (opened.isPresent()) {
        return opened.get();
      }
    }
    throw new ContentVanishedException(row.digest());
  }

  /** Brings a file into the CAS by the first way that leads there. */
  private void bringWhole(StoredContent content) throws IOException, InterruptedException {
    if (content.size() == 0) {
      cas.ingest(Digest.EMPTY, ByteBuffer.allocate(0));
      return;
    }
    Ways.untilOneLeads(byCut(content.layouts()), layouts -> bringWhole(content, layouts));
  }

  private void bringWhole(StoredContent content, List<List<StoredChunk>> layouts)
      throws IOException, InterruptedException {
    if (layouts.getFirst().size() > 1) {
      try (GrowingFile file = nodes.growing(content.row(), content.digest(), layouts)) {
        file.bringAll();
      }
    } else {
      Ways.untilOneLeads(layouts, layout -> fetchPath.fetchIntoCas(layout.getFirst()));
    }
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
