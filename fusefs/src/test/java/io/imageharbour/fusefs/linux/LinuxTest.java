package io.imageharbour.fusefs.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.imageharbour.fusefs.Commands;
import io.imageharbour.fusefs.Waiting;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinuxTest {

  @TempDir Path temp;

  @Test
  void aFailedCallSaysWhatWasTriedAndWhatCameBack() {
    assertThatThrownBy(() -> OpenFile.open(temp.resolve("none"), OpenFile.O_RDONLY))
        .isInstanceOfSatisfying(
            LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOENT))
        .hasMessage("open " + temp.resolve("none") + ": No such file or directory (errno 2)");
    assertThatThrownBy(() -> Mounts.mount("none", temp, "nosuchfs", 0, "a=b"))
        .isInstanceOfSatisfying(
            LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENODEV))
        .hasMessageContaining("nosuchfs", "a=b", temp.toString());
  }

  @Test
  void mountsAreListedUntilTheyAreTakenOff() throws Exception {
    Path target = Files.createDirectory(temp.resolve("with space and \\ ü"));
    Mounts.mount("some name", target, "tmpfs", Mounts.MS_NODEV, "size=1m");
    assertThat(MountTable.on(target))
        .singleElement()
        .satisfies(
            mount -> {
              assertThat(mount.type()).isEqualTo("tmpfs");
              assertThat(mount.source()).isEqualTo("some name");
              assertThat(mount.options()).contains("size=1024k");
            });
    Mounts.unmount(target);
    assertThat(MountTable.on(target)).isEmpty();
    assertThatThrownBy(() -> Mounts.unmountLazily(target))
        .isInstanceOfSatisfying(
            LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
  }

  @Test
  void mountinfoIsReadAsTheManualSays() throws IOException {
    assertThat(
            MountTable.parse(
                "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=x"))
        .isEqualTo(
            new MountTable.Mount(36, 98, 0, Path.of("/mnt 2"), "ext3", "/dev/root", "rw,errors=x"));
    assertThatThrownBy(() -> MountTable.parse("36 35 98:0 /mnt1 /mnt2"))
        .isInstanceOf(IOException.class);
  }

  @Test
  void aLoopDeviceShowsAFileAndGoesAwayWithItsLastUser() throws Exception {
    Path file = temp.resolve("image");
    Commands.run("truncate", "-s", "1M", file.toString());
    Commands.run("mkfs.ext4", "-q", file.toString());
    Path target = Files.createDirectory(temp.resolve("mnt"));
    Path device;
    try (LoopDevice loop = LoopDevice.attachReadOnly(file)) {
      device = loop.path();
      Mounts.mount(device.toString(), target, "ext4", Mounts.MS_RDONLY, "");
    }
    assertThat(target.resolve("lost+found")).isDirectory();
    assertThat(Commands.run("losetup", "-j", file.toString())).contains(device.toString());
    Mounts.unmount(target);
    Waiting.until(
        "the device is free", () -> Commands.run("losetup", "-j", file.toString()).isEmpty());
  }

  @Test
  void bytesAreWrittenAndReadWhereTheyAreAsked() throws Exception {
    try (Arena arena = Arena.ofConfined();
        OpenFile directory = OpenFile.open(temp, OpenFile.O_RDONLY)) {
      MemorySegment bytes = arena.allocateFrom("hello");
      try (OpenFile file = directory.openBelow("file", OpenFile.O_RDWR | OpenFile.O_CREAT, 0600)) {
        file.writeAt(3, bytes.asSlice(0, 5));
        assertThat(file.size()).isEqualTo(8);
        MemorySegment read = arena.allocate(16);
        assertThat(file.readAt(2, read)).isEqualTo(6);
        assertThat(read.getString(1)).isEqualTo("hello");
        file.chmod(0440);
      }
      assertThat(directory.existsBelow("file")).isTrue();
      directory.renameBelow("file", directory, "renamed");
      assertThat(directory.existsBelow("file")).isFalse();
      assertThat((int) Files.getAttribute(temp.resolve("renamed"), "unix:mode") & 07777)
          .isEqualTo(0440);
      directory.syncFileSystem();
      assertThat(directory.fileSystemType()).isPositive();
    }
  }
}
