package io.imageharbour.pool.control;

/**
 * What the control plane of an agent did since the agent began.
 *
 * @param leading whether the agent leads now
 * @param known images in the catalog when it last looked; 0 if it does not lead
 * @param admitted images of which a full agent takes contents; 0 if nobody has decided yet
 * @param preloads images that it loaded
 * @param failedPreloads images that it tried to look at or load and could not
 * @param preloadedBytes bytes of packs that it fetched for that
 * @param unadmitted contents that it refused because their image is not admitted
 * @param droppedUses uses that nodes told of and that could not be counted
 */
public record ControlStats(
    boolean leading,
    int known,
    int admitted,
    long preloads,
    long failedPreloads,
    long preloadedBytes,
    long unadmitted,
    long droppedUses) {

  /** Of an agent without etcd. */
  public static final ControlStats NONE = new ControlStats(false, 0, 0, 0, 0, 0, 0, 0);
}
