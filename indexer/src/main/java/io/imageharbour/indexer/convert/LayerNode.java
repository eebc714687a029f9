package io.imageharbour.indexer.convert;

import io.imageharbour.indexer.FileName;
import io.imageharbour.indexer.Metadata;
import io.imageharbour.indexer.layer.TarEntry;
import io.imageharbour.indexer.pack.PackedFile;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a name in a tree that is being built stands for. Mutable, for one thread. */
sealed interface LayerNode {

  /** A modification time, with the nanoseconds of its second. */
  record Mtime(long seconds, int nanos) {

    static Mtime of(Metadata metadata) {
      return new Mtime(metadata.mtimeSeconds(), metadata.mtimeNanos());
    }

    Metadata in(Metadata metadata) {
      return metadata.withMtime(seconds, nanos);
    }
  }

  /** Hides what lower layers have under its name, and is nothing itself. */
  enum Whiteout implements LayerNode {
    INSTANCE
  }

  /** A directory of a layer; while layers are merged, of all layers so far. */
  final class Directory implements LayerNode {

    private final Map<FileName, LayerNode> entries = new HashMap<>();
    private @Nullable Metadata metadata;
    private @Nullable Directory origin;
    private @Nullable Mtime mtime;
    private boolean opaque;

    /** A directory without an entry of its own: something in it needed a parent. */
    Directory() {}

    Directory(Metadata metadata) {
      this.metadata = metadata;
    }

    Map<FileName, LayerNode> entries() {
      return entries;
    }

    /** Whether an entry of the archive describes it. */
    boolean isExplicit() {
      return metadata != null;
    }

    /** Takes what a (further) entry says; extended attributes are added to those it has. */
    void describe(Metadata described) {
      metadata = metadata == null ? described : Metadatas.adding(described, metadata.xattrs());
    }

    /** Takes a time that stands whatever describes it. */
    void touch(Mtime time) {
      mtime = time;
    }

    /** Whether nothing of lower layers shows in it. */
    boolean isOpaque() {
      return opaque;
    }

    void makeOpaque() {
      opaque = true;
    }

    /** The directory of a lower layer that it was made after when it was not described. */
    void inheritFrom(Directory lower) {
      origin = lower;
    }

    /** What describes it when all layers were read. */
    Metadata metadata() {
      Metadata inherited = origin == null ? Metadatas.UNDESCRIBED_DIRECTORY : origin.metadata();
      Metadata described =
          metadata == null ? inherited : Metadatas.adding(metadata, inherited.xattrs());
      return mtime == null ? described : mtime.in(described);
    }
  }

  /** Anything but a directory. Hard links to it are the same object. */
  final class Leaf implements LayerNode {

    private final Kind kind;
    private Metadata metadata;

    Leaf(Kind kind, Metadata metadata) {
      this.kind = kind;
      this.metadata = metadata;
    }

    Kind kind() {
      return kind;
    }

    Metadata metadata() {
      return metadata;
    }

    /** Takes what the header of a further hard link says, as unpacking one does. */
    void describe(Metadata described) {
      metadata = Metadatas.adding(described, metadata.xattrs());
    }

    void touch(Mtime time) {
      metadata = time.in(metadata);
    }
  }

  /** What a leaf is. */
  sealed interface Kind {

    /** The type of entry that makes one. */
    TarEntry.Type type();
  }

  /** A regular file of the layer; its content is packed once it turns out to be visible. */
  final class RegularFile implements Kind {

    private final Position position;
    private @Nullable PackedFile content;

    RegularFile(Position position) {
      this.position = position;
    }

    @Override
    public TarEntry.Type type() {
      return TarEntry.Type.REGULAR_FILE;
    }

    Position position() {
      return position;
    }

    Optional<PackedFile> content() {
      return Optional.ofNullable(content);
    }

    void setContent(PackedFile packed) {
      content = packed;
    }
  }

  /** A symbolic link. */
  record SymbolicLink(byte[] target) implements Kind {
    @Override
    public TarEntry.Type type() {
      return TarEntry.Type.SYMBOLIC_LINK;
    }
  }

  /** A device node. */
  record Device(boolean block, int major, int minor) implements Kind {
    @Override
    public TarEntry.Type type() {
      return block ? TarEntry.Type.BLOCK_DEVICE : TarEntry.Type.CHARACTER_DEVICE;
    }
  }

  /** A named pipe. */
  record Fifo() implements Kind {
    @Override
    public TarEntry.Type type() {
      return TarEntry.Type.FIFO;
    }
  }

  /**
   * Where the archive has a file.
   *
   * @param layer 0 for the bottom layer
   * @param entry number of the archive's entry, from 0
   */
  record Position(int layer, long entry) {}
}
