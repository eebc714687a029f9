# shellcheck shell=sh disable=SC1091,SC2154 # sourced, and sources java.sh from where the tree lies
# Starts one of Harbour's Java programs. Sourced by the scripts in bin/, which set self; POSIX sh.

lib=${self%/bin/*}/lib
. "$lib/java.sh"
common_flags="@harbour.jvm.flags@"

# start NAME MAIN-CLASS JVM-FLAGS ARGUMENT...: becomes that program; does not return
start() {
  name=$1 main=$2 flags=$3
  shift 3
  find_java java || {
    echo "$name: found no Java 25 or newer in JAVA_HOME, /usr/lib/jvm, /opt and PATH:" \
      "install one (on Debian 13: apt-get install openjdk-25-jre-headless) or set JAVA_HOME" >&2
    exit 69
  }
  set -- -cp "@harbour.classpath@" "$main" "$@"
  # Left to themselves the libraries unpack their native parts into /tmp at every start, and a killed process
  # leaves them there.
  lmdb=$lib/native/org/lmdbjava/native/$java_arch-linux-gnu.so
  zstd=$lib/native/linux/$java_arch/libzstd-jni-@zstd.version@.so
  case $java_arch in x86_64) zstd=$lib/native/linux/amd64/${zstd##*/} ;; esac
  [ ! -e "$lmdb" ] || set -- "-Dlmdbjava.native.lib=$lmdb" "$@"
  [ ! -e "$zstd" ] || set -- "-DZstdNativePath=$zstd" "$@"
  [ ! -d "$lib/native/jni/$java_arch-Linux" ] ||
    set -- "-Djffi.boot.library.path=$lib/native/jni/$java_arch-Linux" "$@"
  # DiSNI looks for its own nowhere but here
  [ ! -e "$lib/native/libdisni.so" ] ||
    set -- "-Djava.library.path=$lib/native:/usr/java/packages/lib:/usr/lib64:/lib64:/lib:/usr/lib" "$@"
  # An AOT cache fits one build of Java only, so its name says which. Another Java starts slower, no more.
  # Java takes one at most, and whoever makes one has to do without.
  aot=$lib/$name-$java_build.aot
  case ${HARBOUR_JAVA_OPTIONS:-} in *-XX:AOT*) aot= ;; esac
  # What harbourd's training has compiled is compiled again as soon as its classes are there, not when the first
  # container has called it often enough. Experimental in Java 25; the next one may not know it, and would not start.
  case $name-$java_version in
    harbourd-25) eagerly="-XX:+UnlockExperimentalVMOptions -XX:+AOTCompileEagerly" ;;
    *) eagerly= ;;
  esac
  # shellcheck disable=SC2086 # two flags
  [ ! -r "$aot" ] || set -- $eagerly "-XX:AOTCache=$aot" "$@"
  # The JVM's warnings go to stderr (stdout is the program's), what it thinks of the cache nowhere.
  # shellcheck disable=SC2086 # several flags in each of the unquoted ones
  exec "$java_home/bin/java" $common_flags $flags \
    -Xlog:disable -Xlog:all=warning:stderr '-Xlog:aot*=off:stderr' \
    ${HARBOUR_JAVA_OPTIONS:-} "$@"
}
