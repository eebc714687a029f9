package io.imageharbour.it;

/** Everything one does to files, for a container of the image of Python. */
final class FileWork {

  /** A shell script that does it, with an account of the outcome that depends on nothing else. */
  static final String SCRIPT =
      """
      cd /etc
      echo new > new; cat new
      echo appended >> debian_version; tail -n 1 debian_version
      mv hostname renamed; ls hostname renamed 2>&1; cat renamed | wc -c
      mv apt apt-renamed; ls apt-renamed
      rm passwd; ls passwd 2>&1; echo again > passwd; cat passwd
      rm -r /usr/share/doc; ls /usr/share/doc 2>&1; mkdir /usr/share/doc; ls /usr/share/doc
      chmod 4711 /usr/bin/perl; stat -c '%a %U %s' /usr/bin/perl
      chown 7:8 shadow; stat -c '%u %g' shadow
      ln group linked; stat -c %h group; echo more >> linked; tail -n 1 group
      ln -s /etc/group symbolic; readlink symbolic
      touch -d 2001-02-03T04:05:06.789Z issue; stat -c %y issue
      cp /usr/bin/sha256sum /tmp/copy; /tmp/copy < /usr/bin/python3.11
      truncate -s 10 /usr/lib/os-release; cat /usr/lib/os-release; echo
      mkfifo fifo; stat -c %F fifo
      python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("bound")'; stat -c %F bound
      exec /usr/bin/python3 -c '
      import mmap
      with open("/usr/bin/git", "rb") as f, mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as m:
          print(m[:4], len(m), sum(m[::4096]))
      '
      """;

  private FileWork() {}
}
