package io.imageharbour.fusefs.kernel;

/** A file system: carries requests out. Called by several threads at once. */
@FunctionalInterface
public interface RequestHandler {

  /**
   * Carries out a request and answers it, now or later from another thread; {@link
   * FuseRequest.Forget} is not answered. Must not wait for long: while it does, one reader less
   * takes requests.
   */
  void handle(FuseRequest request, FuseReply reply);
}
