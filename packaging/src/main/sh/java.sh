# shellcheck shell=sh disable=SC2034 # sourced: others use what it sets
# Finds the Java that Harbour runs on. Sourced by the start scripts and by ./dev; POSIX sh, starts no process.

# find_java TOOL: java_home becomes the first place with Java 25 or newer and a bin/TOOL ("java" or "javac"), and
# java_build that Java's exact build, such as 25.0.3+9, java_arch what it runs on. Status 1 when there is none.
find_java() {
  for java_home in "${JAVA_HOME:-}" /usr/lib/jvm/* /opt/java/* /opt/* /usr/local/* \
    "${HOME:-/root}"/.sdkman/candidates/java/* "${HOME:-/root}"/.jdks/*; do
    is_java_new_enough "$java_home" "$1" && return 0
  done
  # PATH last: it takes a process to see through the links, and is mostly the distribution's default in /usr/lib/jvm
  java_home=$(command -v "$1") || return 1
  java_home=$(readlink -f -- "$java_home")
  java_home=${java_home%/bin/*}
  is_java_new_enough "$java_home" "$1"
}

is_java_new_enough() {
  [ -x "$1/bin/$2" ] && [ -r "$1/release" ] || return 1
  java_version=0 java_build=unknown java_arch=unknown
  # lines like JAVA_VERSION="25.0.3": the quote and the equals sign both end a field, an empty one between them
  while IFS='="' read -r release_key _ release_value _; do
    case $release_key in
      JAVA_VERSION) java_version=${release_value%%[!0-9]*} ;;
      JAVA_RUNTIME_VERSION) java_build=$release_value ;;
      OS_ARCH) java_arch=$release_value ;;
    esac
  done <"$1/release"
  [ "${java_version:-0}" -ge 25 ]
}
