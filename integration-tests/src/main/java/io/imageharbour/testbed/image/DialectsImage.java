package io.imageharbour.testbed.image;

import io.imageharbour.testbed.Command;
import io.imageharbour.testbed.image.OciLayout.Compression;
import io.imageharbour.testbed.image.OciLayout.Layer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The same small tree in every format that GNU tar writes and containerd unpacks, one layer each,
 * compressed in turn by each way there is; two of them may not be distributed.
 */
final class DialectsImage {

  private static final String FOREIGN = "application/vnd.oci.image.layer.nondistributable.v1.tar";

  private static final String MAKE =
      """
      umask 022; cd "$0"; mkdir -p "$1/sub"; cd "$1"
      echo "a file of $1" > sub/file; ln sub/file linked; ln -s sub/file symbolic; : > empty
      head -c 70000 /dev/urandom > random; chown 1:2 linked; chmod 4755 linked
      touch -d 2001-02-03T04:05:06.789Z random; touch -h -d 2038-01-19T03:14:09Z symbolic
      """;

  private static final String MAKE_MORE =
      """
      cd "$0/$1"; mkfifo pipe; mknod null c 1 3; mknod disk b 8 1
      long=$(printf %090d 0); mkdir -p $long/$long; echo long > $long/$long/file
      """;

  private static final String MAKE_SPARSE =
      """
      cd "$0/$1"; truncate -s 3M sparse; printf x | dd of=sparse bs=1 seek=1500000 conv=notrunc
      printf y | dd of=sparse bs=1 seek=3145727 conv=notrunc; truncate -s 1M hole
      """;

  private final OciLayout layout;
  private final Path scratch;
  private final List<Layer> layers = new ArrayList<>();

  private DialectsImage(OciLayout layout, Path scratch) {
    this.layout = layout;
    this.scratch = scratch;
  }

  static OciLayout build(Path target, Path scratch) throws IOException, InterruptedException {
    OciLayout layout = OciLayout.create(target);
    DialectsImage image = new DialectsImage(layout, scratch);
    image.addAll();
    return layout.finish(
        layout.addImage(TestImages.architecture(), image.layers, List.of("/none")));
  }

  private void addAll() throws IOException, InterruptedException {
    add(Compression.GZIP, "v7", List.of(), "--format=v7");
    add(Compression.ZSTD, "oldgnu", List.of(MAKE_MORE), "--format=oldgnu");
    add(Compression.NONE, "gnu", List.of(MAKE_MORE), "--format=gnu");
    add(Compression.GZIP, "ustar", List.of(MAKE_MORE), "--format=ustar");
    add(Compression.ZSTD, "posix", List.of(MAKE_MORE), "--format=posix");
    for (String version : List.of("0.0", "0.1", "1.0")) {
      add(
          Compression.NONE,
          "sparse-" + version,
          List.of(MAKE_SPARSE),
          "--format=posix",
          "--sparse",
          "--sparse-version=" + version);
    }
    layers.set(2, layers.get(2).as(FOREIGN));
    layers.set(3, layers.get(3).as(FOREIGN + "+gzip"));
  }

  private void add(Compression compression, String name, List<String> more, String... options)
      throws IOException, InterruptedException {
    Path tree = Files.createDirectories(scratch.resolve("tree-" + name));
    Command.of("sh", "-euc", MAKE, tree, name).run();
    for (String script : more) {
      Command.of("sh", "-euc", script, tree, name).run();
    }
    Command tar =
        Command.of("tar", "--create", "--numeric-owner", "--sort=name")
            .withArguments((Object[]) options)
            .withArguments("--directory", tree, name);
    layers.add(layout.addLayer(compression, out -> Pipe.run(tar, out)));
  }
}
