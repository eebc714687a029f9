package io.imageharbour.fusefs.mount;

import io.imageharbour.fusefs.cas.Cas;
import io.imageharbour.fusefs.fetch.FetchPath;
import io.imageharbour.fusefs.table.ContentTable;
import io.imageharbour.fusefs.table.RowAttributes;
import io.imageharbour.fusefs.table.StoredChunk;
import io.imageharbour.indexer.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * Opens files that the CAS does not hold. A file of one chunk is fetched whole, because its digest
 * vouches for every byte. A big one is opened at once and fetched as it is read, because the index
 * vouches for its chunks, to all images with this row; it comes into the CAS, which is for all
 * images, only by the digest of the whole.
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
      cas.makeWay(row.digest(), row.size());
      List<List<StoredChunk>> layouts =
          table.layouts(row.row()).orElseThrow(() -> new StaleNodeException(row.row()));
      if (layouts.getFirst().size() > 1) {
        return nodes.openWholeOrGrowing(row, layouts);
      }
      bringWhole(layouts);
      Optional<OpenNode> opened = nodes.openWhole(row);
      if (opened.isPresent()) {
        return opened.get();
      }
    }
    throw new ContentVanishedException(row.digest());
  }

  /** Brings a file of one chunk into the CAS by the first way that leads there. */
  private void bringWhole(List<List<StoredChunk>> layouts)
      throws IOException, InterruptedException {
    if (layouts.getFirst().isEmpty()) {
      cas.ingest(Digest.EMPTY, ByteBuffer.allocate(0));
    } else {
      Ways.untilOneLeads(layouts, layout -> fetchPath.fetchIntoCas(layout.getFirst()));
    }
  }
}
