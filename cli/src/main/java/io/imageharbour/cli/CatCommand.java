package io.imageharbour.cli;

import io.imageharbour.cli.tree.ImageTree;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.image.IndexImage;
import io.imageharbour.indexer.registry.RegistryClient;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code harbourctl cat}. */
@Command(
    name = "cat",
    header = "Print a file of an index image.",
    description = {
      "Fetches only the parts of the packs that hold the file, and prints no byte that was not"
          + " verified. Symbolic links are followed inside of the image."
    },
    footer = {
      "  harbourctl cat registry.example.com/python:3.12-harbour /etc/os-release",
      "  harbourctl cat IMAGE /usr/lib/x86_64-linux-gnu/libc.so.6 > libc.so.6"
    })
final class CatCommand implements Callable<Integer> {

  private final HarbourCtl root;

  @Mixin private final ImageArgument image = new ImageArgument();

  @Parameters(
      index = "1",
      paramLabel = "PATH",
      description = "A path in the image, as it is or as ls shows it.")
  private String path = "";

  CatCommand(HarbourCtl root) {
    this.root = root;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    try (RegistryClient client = image.client()) {
      IndexImage index = image.open(client);
      ImageTree tree = new ImageTree(index.index());
      int content = content(tree.inode(tree.resolve(path, true).inode()));
      OutputStream out = root.streams().out();
      try (InputStream in = index.openContent(content)) {
        in.transferTo(out);
      }
      out.flush();
    }
    return ExitCode.OK;
  }

  private int content(Inode inode) throws UsageException {
    return switch (inode) {
      case Inode.RegularFile file -> file.content();
      case Inode.Directory _ -> throw new UsageException(path + " is a directory. List it with ls");
      case Inode.SymbolicLink _, Inode.Device _, Inode.Fifo _, Inode.Socket _ ->
          throw new UsageException(path + " is no regular file, so it has no content");
    };
  }
}
