package io.imageharbour.cli.pool;

import io.imageharbour.cli.tree.ImageTree;
import io.imageharbour.cli.tree.PathNotFoundException;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.ImageIndex;
import io.imageharbour.indexer.Inode;
import io.imageharbour.pool.load.ImageChunks;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The files that a container reads while it starts. Paths that an image does not have, or that are
 * no regular files there, are passed over: a start reads more than its image.
 *
 * @param paths in the image, as people write them
 */
public record Profile(List<String> paths) {

  /** More than any start opens. */
  private static final int MAX_BYTES = 16 << 20;

  public Profile {
    paths = List.copyOf(paths);
  }

  /**
   * What a profile means in an image.
   *
   * @param files that the image has, each path that leads to one counted
   * @param chunks of these
   */
  public record Selection(long files, ImageChunks chunks) {}

  /**
   * Reads a file with a path in each line, in UTF-8.
   *
   * @throws FileSystemException if it is longer than 16 MiB or is not in UTF-8
   */
  public static Profile read(Path file) throws IOException {
    byte[] bytes;
    try (var in = Files.newInputStream(file)) {
      bytes = in.readNBytes(MAX_BYTES + 1);
    }
    if (bytes.length > MAX_BYTES) {
      throw new FileSystemException(file.toString(), "", "is longer than 16 MiB");
    }
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      try (BufferedReader lines = new BufferedReader(new StringReader(text))) {
        return new Profile(lines.lines().filter(line -> !line.isBlank()).distinct().toList());
      }
    } catch (CharacterCodingException e) {
      throw new FileSystemException(file.toString(), "", "is no text in UTF-8");
    }
  }

  /** Finds its files in an image, symbolic links followed. */
  public Selection in(ImageIndex index) {
    ImageTree tree = new ImageTree(index);
    long files = 0;
    Set<FileContent> contents = new LinkedHashSet<>();
    for (String path : paths) {
      try {
        if (tree.inode(tree.resolve(path, true).inode()) instanceof Inode.RegularFile file) {
          files++;
          contents.add(tree.content(file));
        }
      } catch (PathNotFoundException e) {
        // the container made it, or it is mounted there
        continue;
      }
    }
    return new Selection(files, ImageChunks.of(contents));
  }
}
