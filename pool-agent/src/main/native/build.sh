#!/bin/sh
# Builds libdisni.so, DiSNI's native half: build.sh OUTPUT-DIRECTORY JAVA-HOME. Without a C compiler or the headers of
# rdma-core it says so and leaves no library, and Harbour runs without RDMA.
set -eu

source=$(dirname -- "$0")
library=$1/libdisni.so
java=$2
cc=${CC:-cc}

leave_out() {
  rm -f -- "$library"
  echo "RDMA is left out: $1"
  exit 0
}

command -v "$cc" >/dev/null || leave_out "there is no C compiler '$cc' (on Debian: gcc libc6-dev)"
printf '#include <stdio.h>\n#include <infiniband/verbs.h>\n#include <rdma/rdma_cma.h>\n' |
  "$cc" -E -x c - >/dev/null 2>&1 ||
  leave_out "headers of libc or rdma-core are missing (on Debian: libc6-dev libibverbs-dev librdmacm-dev)"

mkdir -p -- "$1"
[ ! -e "$library" ] || [ -n "$(find "$source" -newer "$library")" ] || exit 0
"$cc" -std=gnu17 -O2 -Wall -Wextra -Werror -fPIC -fvisibility=hidden -shared \
  -I"$java/include" -I"$java/include/linux" -o "$library.new" "$source/disni.c" -Wl,--no-undefined -lrdmacm -libverbs
mv -- "$library.new" "$library"
echo "Built $library"
