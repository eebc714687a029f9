package io.imageharbour.indexer.format;

import com.google.protobuf.ByteString;
import io.imageharbour.indexer.DirectoryEntry;
import io.imageharbour.indexer.Inode;
import io.imageharbour.indexer.Metadata;
import io.imageharbour.indexer.format.proto.Tree;
import java.io.ByteArrayOutputStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Turns the inodes of a valid index into the columns of message Tree. */
final class TreeEncoder {

  private record Mode(int mode, int uid, int gid) {}

  private record Time(long seconds, int nanos) {}

  private final List<Inode> inodes;
  private final Tree.Builder columns = Tree.newBuilder();
  private final Map<Mode, Integer> modes = new HashMap<>();
  private final Map<Time, Integer> times = new HashMap<>();
  private final XattrEncoder xattrs = new XattrEncoder(columns);
  private final ByteArrayOutputStream names = new ByteArrayOutputStream();
  private final ByteArrayOutputStream targets = new ByteArrayOutputStream();

  // what the next delta is taken from
  private long seconds;
  private int time;
  private int hardLink;

  private int entries;
  private int contents;

  TreeEncoder(List<Inode> inodes) {
    this.inodes = inodes;
  }

  Tree encode() {
    int[] subtreeEnds = subtreeEnds();
    for (int i = 0; i < inodes.size(); i++) {
      Inode inode = inodes.get(i);
      addMetadata(FileType.of(inode), inode.metadata());
      xattrs.add(i, inode.metadata().xattrs());
      switch (inode) {
        case Inode.Directory directory -> addEntries(i, directory, subtreeEnds);
        case Inode.RegularFile file -> addContent(file.content());
        case Inode.SymbolicLink link -> addTerminated(targets, link.target());
        case Inode.Device device ->
            columns.addDeviceMajors(device.major()).addDeviceMinors(device.minor());
        case Inode.Fifo fifo -> {}
        case Inode.Socket socket -> {}
      }
    }
    xattrs.finish();
    return columns
        .setNames(ByteString.copyFrom(names.toByteArray()))
        .setLinkTargets(ByteString.copyFrom(targets.toByteArray()))
        .build();
  }

  /**
   * For each inode the number that the walk gives next when it has left it. Tells which of the
   * names of an inode the walk meets first, although the names are not kept in the order of the
   * walk.
   */
  private int[] subtreeEnds() {
    int[] ends = new int[inodes.size()];
    for (int i = ends.length - 1; i >= 0; i--) {
      int next = i + 1;
      if (inodes.get(i) instanceof Inode.Directory directory) {
        for (DirectoryEntry entry : directory.entries()) {
          next = entry.inode() == next ? ends[next] : next;
        }
      }
      ends[i] = next;
    }
    return ends;
  }

  private void addEntries(int number, Inode.Directory directory, int[] subtreeEnds) {
    columns.addEntryCounts(directory.entries().size());
    int next = number + 1;
    for (DirectoryEntry entry : directory.entries()) {
      addTerminated(names, entry.name().toBytes());
      if (entry.inode() == next) {
        next = subtreeEnds[next];
      } else {
        columns.addHardLinks(entries - hardLink).addHardLinkInodes(entry.inode());
        hardLink = entries;
      }
      entries++;
    }
  }

  private void addMetadata(int type, Metadata metadata) {
    Mode mode = new Mode(type | metadata.permissions(), metadata.uid(), metadata.gid());
    int modeNumber = modes.computeIfAbsent(mode, this::addMode);
    int timeNumber =
        times.computeIfAbsent(
            new Time(metadata.mtimeSeconds(), metadata.mtimeNanos()), this::addTime);
    columns.addInodeModes(modeNumber).addInodeTimes(timeNumber - time);
    time = timeNumber;
  }

  private int addMode(Mode mode) {
    columns.addModes(mode.mode).addUids(mode.uid).addGids(mode.gid);
    return columns.getModesCount() - 1;
  }

  private int addTime(Time time) {
    columns.addSeconds(time.seconds - seconds).addNanos(time.nanos);
    seconds = time.seconds;
    return columns.getNanosCount() - 1;
  }

  private void addContent(int content) {
    columns.addFileContents(contents - content);
    if (content == contents) {
      contents++;
    }
  }

  private static void addTerminated(ByteArrayOutputStream column, byte[] text) {
    column.writeBytes(text);
    column.write(0);
  }
}
