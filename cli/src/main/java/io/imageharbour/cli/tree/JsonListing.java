package io.imageharbour.cli.tree;

import com.fasterxml.jackson.core.JsonGenerator;
import io.imageharbour.cli.text.Json;
import io.imageharbour.indexer.FileContent;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Metadata;
import io.imageharbour.indexer.Xattr;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * Files of an index for scripts: an array of objects with everything that the index says.
 *
 * @param tree where they are
 * @param recursive what lies below directories too
 */
public record JsonListing(ImageTree tree, boolean recursive) {

  /** Writes a directory's entries, or any other file itself. */
  public void write(Place place, JsonGenerator json) throws IOException {
    Deque<Place> pending = new ArrayDeque<>(List.of(place));
    if (tree.inode(place.inode()) instanceof Inode.Directory) {
      pending = new ArrayDeque<>(tree.children(place));
    }
    json.writeStartArray();
    while (!pending.isEmpty()) {
      Place next = pending.pop();
      writeFile(next, json);
      if (recursive && tree.inode(next.inode()) instanceof Inode.Directory) {
        tree.children(next).reversed().forEach(pending::push);
      }
    }
    json.writeEndArray();
  }

  private void writeFile(Place place, JsonGenerator json) throws IOException {
    Inode inode = tree.inode(place.inode());
    Metadata metadata = inode.metadata();
    json.writeStartObject();
    Json.writeBytes(json, "path", place.path());
    json.writeStringField("type", FileType.of(inode).word());
    json.writeStringField("mode", String.format("%04o", metadata.permissions()));
    json.writeNumberField("uid", Integer.toUnsignedLong(metadata.uid()));
    json.writeNumberField("gid", Integer.toUnsignedLong(metadata.gid()));
    json.writeNumberField("links", tree.links(place.inode()));
    json.writeStringField("mtime", TextListing.mtime(metadata).toString());
    switch (inode) {
      case Inode.RegularFile file -> {
        FileContent content = tree.content(file);
        json.writeNumberField("size", content.size());
        json.writeStringField("digest", content.digest().toString());
      }
      case Inode.SymbolicLink link -> Json.writeBytes(json, "target", link.target());
      case Inode.Device device -> {
        json.writeNumberField("major", device.major());
        json.writeNumberField("minor", device.minor());
      }
      case Inode.Directory _, Inode.Fifo _, Inode.Socket _ -> {}
    }
    writeXattrs(metadata.xattrs(), json);
    json.writeEndObject();
  }

  private static void writeXattrs(List<Xattr> xattrs, JsonGenerator json) throws IOException {
    if (!xattrs.isEmpty()) {
      json.writeObjectFieldStart("xattrs_base64");
      for (Xattr xattr : xattrs) {
        json.writeFieldName(xattr.name());
        json.writeBinary(xattr.value());
      }
      json.writeEndObject();
    }
  }
}
