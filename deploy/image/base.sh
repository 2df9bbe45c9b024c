#!/usr/bin/env bash
# Makes images from Debian's packages and the pinned Node, where none can be pulled: the base of the Witan image, and
# with --others those of NATS and Prometheus that compose and the tests use. Needs root, Docker, debootstrap and npm.
#
#   deploy/image/base.sh [--others] [NAME]      # NAME: of the base, witan-base:local unless given
set -euo pipefail
cd "$(dirname "$0")/../.."

others=
if [ "${1:-}" = --others ]; then
  others=1
  shift
fi
name=${1:-witan-base:local}
suite=${WITAN_DEBIAN_SUITE:-bookworm}
mirror=${WITAN_DEBIAN_MIRROR:-http://deb.debian.org/debian}

[ "$(id -u)" = 0 ] || { echo "base.sh: debootstrap needs root" >&2; exit 69; }
for program in docker debootstrap; do
  command -v "$program" > /dev/null || { echo "base.sh: $program is missing: apt-get install docker.io debootstrap" >&2; exit 69; }
done
[ -x node_modules/node/bin/node ] || npm ci --no-audit --no-fund --loglevel=error >&2
node=$(readlink -f node_modules/node/bin/node)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

debootstrap --variant=minbase --include=ca-certificates,libstdc++6 "$suite" "$work/root" "$mirror" > "$work/log" 2>&1 ||
  { tail -n 5 "$work/log" >&2; exit 1; }
chroot "$work/root" apt-get clean
rm -rf "$work"/root/usr/share/{doc,man,info,locale} "$work"/root/var/lib/apt/lists/* "$work"/root/var/log/*
install -m 0755 "$node" "$work/root/usr/local/bin/node"
tar -C "$work/root" -c . | docker import --change 'CMD ["node"]' - "$name"

if [ -n "$others" ]; then
  # NAME:TAG PROGRAM FOLDER: Debian's program with nothing around it; both are static but for the C library. It may write
  # where it may in the public image of that name, and nowhere else.
  image() {
    local tag=$1 program=$2 folder=$3
    local root="$work/other" from="$work/root"
    rm -rf "$root"
    mkdir -p "$root"/{etc,tmp,lib,lib64,bin,usr/bin} "$root$folder"
    chmod 1777 "$root/tmp"
    chown 65534:65534 "$root$folder"
    echo 'nobody:x:65534:65534:nobody:/:' > "$root/etc/passwd"
    install -m 0755 "$from$program" "$root/usr/bin/"
    chroot "$from" ldd "$program" 2> /dev/null | grep -o '/[^ ]*' | while read -r library; do
      install -D -m 0755 "$(chroot "$from" readlink -f "$library" | sed "s|^|$from|")" "$root$library"
    done
    tar -C "$root" -c . | docker import --change "ENTRYPOINT [\"/usr/bin/$(basename "$program")\"]" \
      --change 'USER 65534:65534' --change "WORKDIR $folder" - "$tag"
  }
  # In the same Debian, whatever runs here: its versions are those that are named everywhere. Nothing is started.
  within() { chroot "$work/root" env DEBIAN_FRONTEND=noninteractive "$@"; }
  printf '#!/bin/sh\nexit 101\n' > "$work/root/usr/sbin/policy-rc.d"
  chmod +x "$work/root/usr/sbin/policy-rc.d"
  { within apt-get update && within apt-get install -y --no-install-recommends nats-server prometheus; } > "$work/log" 2>&1 ||
    { tail -n 5 "$work/log" >&2; exit 1; }
  image "nats:$(within nats-server --version | grep -o '[0-9.]*$')" "$(within sh -c 'command -v nats-server')" /home/nats
  image "prom/prometheus:v$(within prometheus --version 2>&1 | grep -o -m 1 'version [0-9.]*' | head -n 1 | cut -d ' ' -f 2)" \
    /usr/bin/prometheus /prometheus
fi
