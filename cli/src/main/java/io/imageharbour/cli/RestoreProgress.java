package io.imageharbour.cli;

import io.imageharbour.cli.progress.Progress;
import io.imageharbour.cli.progress.Progress.Unit;
import io.imageharbour.cli.text.Escaped;
import io.imageharbour.indexer.restore.RestoreListener;

/** Shows the layers that are made as progress. */
final class RestoreProgress implements RestoreListener {

  private final Progress progress;
  private final Progress.Stage stage;

  RestoreProgress(Progress progress) {
    this.progress = progress;
    this.stage = progress.stage(Unit.BYTES);
  }

  @Override
  public void started(String subject, long bytes) {
    stage.start(subject, bytes);
  }

  @Override
  public void advanced(long bytes) {
    stage.advance(bytes);
  }

  @Override
  public void finished() {
    stage.finish();
  }

  @Override
  public void warned(String message) {
    progress.message("harbourctl: warning: " + Escaped.line(message));
  }
}
