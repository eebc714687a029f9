#!/bin/sh
# make-image.sh DIRECTORY BYTES: makes the image layout DIRECTORY/layout with the tags "one" (linux/amd64) and
# "both" (linux/amd64 and linux/arm64) of a small tree with everything that is hard to show.
set -eu
cd -- "$1"
umask 022
export LC_ALL=C.UTF-8

root=$PWD/root
mkdir -p "$root/etc" "$root/usr/lib" "$root/usr/bin" "$root/srv" "$root/dev"
echo 'PRETTY_NAME="A small image"' >"$root/usr/lib/os-release"
ln -s ../usr/lib/os-release "$root/etc/os-release"
ln -s usr/bin "$root/bin"
printf '#!/bin/sh\necho hello\n' >"$root/usr/bin/hello"
chmod 4755 "$root/usr/bin/hello"
ln "$root/usr/bin/hello" "$root/usr/bin/hallo"
cp "$root/usr/lib/os-release" "$root/usr/lib/os-release.copy"
# that many bytes that do not compress, so of several chunks
head -c "$2" /dev/urandom >"$root/usr/lib/big"
echo accented >"$root/srv/$(printf 'caf\351')"
echo owned >"$root/srv/$(printf '\033]0;owned\007')"
: >"$root/srv/empty"
mknod "$root/dev/null" c 1 3

tar --numeric-owner -C "$root" -cf tree.tar .
umoci init --layout layout
for architecture in amd64 arm64; do
  umoci new --image "layout:$architecture"
  umoci config --image "layout:$architecture" --architecture "$architecture" --config.entrypoint /usr/bin/hello
  umoci raw add-layer --image "layout:$architecture" tree.tar
  mkdir -p upper/etc
  echo "$architecture" >upper/etc/architecture
  tar --numeric-owner -C upper -cf upper.tar etc/architecture
  umoci raw add-layer --image "layout:$architecture" upper.tar
done

cd layout
platform() { # TAG: that image's descriptor, with its platform
  jq --arg tag "$1" '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $tag)
    | del(.annotations) + {platform: {os: "linux", architecture: $tag}}' index.json
}
jq -n --argjson amd64 "$(platform amd64)" --argjson arm64 "$(platform arm64)" \
  '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [$amd64, $arm64]}' >both
digest=$(sha256sum both | cut -d ' ' -f 1)
size=$(stat -c %s both)
mv both "blobs/sha256/$digest"
jq --arg digest "sha256:$digest" --argjson size "$size" \
  '.manifests |= (map(select(.annotations["org.opencontainers.image.ref.name"] == "amd64")
      | .annotations["org.opencontainers.image.ref.name"] = "one")
    + [{mediaType: "application/vnd.oci.image.index.v1+json", digest: $digest, size: $size,
      annotations: {"org.opencontainers.image.ref.name": "both"}}])' index.json >index.new
mv index.new index.json
