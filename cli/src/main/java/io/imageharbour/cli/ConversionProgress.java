package io.imageharbour.cli;

import io.imageharbour.cli.progress.Progress;
import io.imageharbour.cli.progress.Progress.Unit;
import io.imageharbour.cli.text.Escaped;
import io.imageharbour.indexer.convert.ConversionListener;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Shows a conversion's stages as progress. */
final class ConversionProgress implements ConversionListener {

  private final Progress progress;
  private final Map<Stage, Progress.Stage> stages = new ConcurrentHashMap<>();

  ConversionProgress(Progress progress) {
    this.progress = progress;
  }

  @Override
  public void started(Stage stage, String subject, long total) {
    shown(stage).start(label(stage, subject), total == UNKNOWN ? Progress.UNKNOWN : total);
  }

  @Override
  public void advanced(Stage stage, long amount) {
    shown(stage).advance(amount);
  }

  @Override
  public void finished(Stage stage) {
    shown(stage).finish();
  }

  @Override
  public void warned(String message) {
    progress.message("harbourctl: warning: " + Escaped.line(message));
  }

  private Progress.Stage shown(Stage stage) {
    return stages.computeIfAbsent(stage, begun -> progress.stage(unit(begun)));
  }

  private static Unit unit(Stage stage) {
    return switch (stage) {
      case READ_LAYER, UPLOAD_PACKS -> Unit.BYTES;
      case FIND_PACKS, PUSH_INDEX -> Unit.THINGS;
    };
  }

  private static String label(Stage stage, String subject) {
    return switch (stage) {
      case FIND_PACKS -> "known packs";
      // the digest at the end is for logs
      case READ_LAYER -> Escaped.line(subject.replaceFirst(" sha256:.*", ""));
      case UPLOAD_PACKS -> "new packs";
      case PUSH_INDEX -> "index image";
    };
  }
}
