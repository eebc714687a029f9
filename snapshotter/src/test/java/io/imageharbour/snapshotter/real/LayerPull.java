package io.imageharbour.snapshotter.real;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.imageharbour.snapshotter.proto.snapshots.Info;
import io.imageharbour.snapshotter.proto.types.Mount;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * A client that gets the snapshots of an image as containerd does, one step at a time: it looks for
 * the layer's snapshot, else asks for one to unpack the layer in, hears that the layer is there by
 * now or unpacks it, and commits. For one thread.
 */
final class LayerPull {

  private static final AtomicLong NUMBERS = new AtomicLong();

  private final LayeredImage image;
  private final Supplier<SnapshotCalls> calls;
  private final Path mountpoints;
  private int layer;
  private String below = "";
  private Optional<Active> active = Optional.empty();
  private int provided;
  private int unpacked;

  private record Active(String key, Mount mount, boolean unpacked) {}

  /**
   * A pull that has not begun.
   *
   * @param calls asked before every call, for harbourd may be another one by then
   * @param mountpoints where layers are unpacked
   */
  LayerPull(LayeredImage image, Supplier<SnapshotCalls> calls, Path mountpoints) {
    this.image = image;
    this.calls = calls;
    this.mountpoints = mountpoints;
  }

  /**
   * Goes one step.
   *
   * @return the name of the topmost layer's snapshot, when the image is there
   * @throws StatusRuntimeException if harbourd refuses: then the pull has failed
   */
  Optional<String> step() throws IOException {
    if (active.isEmpty()) {
      begin();
    } else if (active.get().unpacked()) {
      commit(active.get());
    } else {
      try (TreeMount mounted = TreeMount.of(active.get().mount(), mountpoints)) {
        image.layers().get(layer).unpack(mounted.root());
      }
      active = Optional.of(new Active(active.get().key(), active.get().mount(), true));
    }
    return layer == image.layers().size() ? Optional.of(below) : Optional.empty();
  }

  /** Goes all steps. */
  String finish() throws IOException {
    Optional<String> top = step();
    while (top.isEmpty()) {
      top = step();
    }
    return top.get();
  }

  private void begin() {
    if (goOnIfThere()) {
      return;
    }
    String key = "unpack-" + NUMBERS.incrementAndGet();
    try {
      active = Optional.of(new Active(key, calls.get().prepare(key, below, labels()), false));
      unpacked++;
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() != Status.Code.ALREADY_EXISTS) {
        throw e;
      }
      // if somebody has removed it since, the next step asks again
      provided += goOnIfThere() ? 1 : 0;
    }
  }

  private void commit(Active unpacked) {
    // another one may have been quicker
    if (goOnIfThere()) {
      calls.get().remove(unpacked.key());
    } else {
      String name = "default/%d/%s".formatted(NUMBERS.incrementAndGet(), chainId());
      calls.get().commit(name, unpacked.key(), labels());
      goOn(name);
    }
    active = Optional.empty();
  }

  private boolean goOnIfThere() {
    Optional<Info> there = calls.get().layer(chainId(), below);
    there.ifPresent(info -> goOn(info.getName()));
    return there.isPresent();
  }

  private void goOn(String name) {
    below = name;
    layer++;
  }

  private Map<String, String> labels() {
    return image.labels(layer);
  }

  private String chainId() {
    return image.chainIds().get(layer).toString();
  }

  LayeredImage image() {
    return image;
  }

  /** The key of the snapshot that a layer is unpacked in now. */
  Optional<String> key() {
    return active.map(Active::key);
  }

  /** How many layers harbourd answered for instead of letting them be unpacked. */
  int provided() {
    return provided;
  }

  /** How many layers it unpacked, or began to. */
  int unpacked() {
    return unpacked;
  }

  @Override
  public String toString() {
    return "pull %s, layer %d%s"
        .formatted(image.reference(), layer, active.isPresent() ? ", unpacking" : "");
  }
}
