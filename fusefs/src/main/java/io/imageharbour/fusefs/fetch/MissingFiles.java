package io.imageharbour.fusefs.fetch;

import io.imageharbour.fusefs.FrameLocation;
import io.imageharbour.fusefs.cas.Cas;
import io.imageharbour.fusefs.table.ContentTable;
import io.imageharbour.fusefs.table.FrameAddress;
import io.imageharbour.fusefs.table.StoredChunk;
import java.io.IOException;
import java.util.Optional;

/** The frames behind one that hold a whole file that the CAS lacks. */
final class MissingFiles implements Following {

  private final FrameAddress demanded;
  private final FrameRuns runs;
  private final ContentTable table;
  private final Cas cas;

  MissingFiles(FrameAddress demanded, FrameRuns runs, ContentTable table, Cas cas) {
    this.demanded = demanded;
    this.runs = runs;
    this.table = table;
    this.cas = cas;
  }

  @Override
  public long bytes() {
    return (long) runs.demanded(demanded) * demanded.compressedSize();
  }

  @Override
  public boolean isReadSoon() {
    return false;
  }

  @Override
  public Optional<FrameAddress> after(FrameAddress frame) throws IOException {
    return table.next(frame);
  }

  @Override
  public Optional<Errand> missingIn(FrameAddress frame, FrameLocation location) throws IOException {
    for (FrameLocation.Part part : location.parts()) {
      if (table.needs(part.digest(), part.size()) && !cas.contains(part.digest())) {
        StoredChunk chunk = new StoredChunk(part.digest(), part.size(), part.offset(), frame);
        return Optional.of(new Errand(chunk, new CasSink(cas, part.digest())));
      }
    }
    return Optional.empty();
  }
}
