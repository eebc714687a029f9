package io.imageharbour.it;

import io.imageharbour.testbed.Ctr;
import io.imageharbour.testbed.Snapshotter;
import java.io.IOException;
import java.util.List;

/** What users who are not root may do in a container of the image with rights of all kinds. */
enum Rights {
  /** Those that programs have by their mode and their capabilities. */
  OF_PROGRAMS(
      """
      as 1000 /rights/id -u
      as 1000 /rights/group-id -g
      as 1000 /rights/cat /rights/secret
      as 1000 cat /rights/secret
      as 1000 /rights/cat /proc/self/status | grep -E 'Cap(Prm|Eff)'
      """,
      """
      0
      42
      a secret
      cat: /rights/secret: Permission denied
      CapPrm:	0000000000000002
      CapEff:	0000000000000002"""),

  /** Those that ACLs give users, and that what is made in a directory inherits. */
  BY_ACLS(
      """
      cd /rights/shared
      as 2000 cat /rights/shared/old
      as 3000 cat /rights/shared/old
      as 2000 sh -c 'echo more >> /rights/shared/old'
      as 1000 sh -c 'umask 077; mkdir directory; echo new > directory/new'
      ls -dn directory directory/new | awk '{ print $1, $3, $4 }'
      as 2000 cat /rights/shared/directory/new
      as 3000 cat /rights/shared/directory/new
      as 2000 sh -c 'echo more >> /rights/shared/directory/new'
      """,
      """
      an old file
      cat: /rights/shared/old: Permission denied
      sh: 1: cannot create /rights/shared/old: Permission denied
      drwxrwx---+ 1000 1000
      -rw-rw----+ 1000 1000
      new
      cat: /rights/shared/directory/new: Permission denied
      sh: 1: cannot create /rights/shared/directory/new: Permission denied""");

  private static final String AS =
      """
      exec 2>&1
      as() { user=$1; shift; setpriv --reuid=$user --regid=$user --clear-groups -- "$@" || true; }
      """;

  private final String script;
  private final String expected;

  Rights(String script, String expected) {
    this.script = script;
    this.expected = expected;
  }

  /** What {@link #used} answers where all of them have their effect. */
  String expected() {
    return expected;
  }

  /** Uses them in a container that may have what ctr denies if it isn't asked for. */
  String used(Ctr ctr, Snapshotter snapshotter, String image)
      throws IOException, InterruptedException {
    return ctr.run(snapshotter, image, List.of("--allow-new-privs"), "sh", "-c", AS + script)
        .output();
  }
}
