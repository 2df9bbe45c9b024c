#!/usr/bin/env bash
# Runs a command where Kubernetes answers and the tests may use it: the cluster of the current kubeconfig where
# WITAN_TEST_KUBE=current says so, or one of its own that is gone afterwards: by `kind`, or by a kit in the folder
# WITAN_KUBE_KIT (../shared/kube beside this repository unless given), which has the programs `up`, `load` and `down`.
# The images for it come from the archive WITAN_TEST_KUBE_IMAGES, or else are made here, in Docker. On its host there are
# three disks of 64 MiB in memory, in the folders 0, 1 and 2 of WITAN_TEST_KUBE_DISKS.
#
#   test/kube/with-cluster.sh npm test -- --only kube
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

# Ends with 69, which is no failure of what is tested.
missing() {
  echo "with-cluster.sh: $1" >&2
  exit 69
}

if [ "${WITAN_TEST_KUBE:-}" = current ]; then exec "$@"; fi
kit=${WITAN_KUBE_KIT:-$here/../../../shared/kube}
if command -v kind > /dev/null && command -v kubectl > /dev/null && docker version > /dev/null 2>&1; then
  by=kind
elif [ -x "$kit/up" ]; then
  [ "$(id -u)" = 0 ] || missing "starting a cluster with $kit takes root"
  by=kit
else
  missing "no cluster may be used and none can be started: set WITAN_TEST_KUBE=current for that of the current kubeconfig, or install kind, kubectl and Docker (https://kind.sigs.k8s.io/docs/user/quick-start/), or name a kit in WITAN_KUBE_KIT"
fi

# Mounts them where the command runs that it is given; where that is not allowed there are none.
mount_disks() {
  for each in 0 1 2; do
    "$@" mkdir -p "$disks/$each" || return 0
    "$@" mount -t tmpfs -o size=64m,mode=0777 tmpfs "$disks/$each" || return 0
  done
  export WITAN_TEST_KUBE_DISKS="$disks"
}

work=$(mktemp -d /var/tmp/witan-kube-XXXXXX)
disks="$work/disks"
started=
end() {
  status=$?
  if [ "$started" = kind ]; then kind delete cluster --name witan-test > "$work/down.log" 2>&1 || cat "$work/down.log" >&2; fi
  if [ "$started" = kit ]; then "$kit/down" > "$work/down.log" 2>&1 || cat "$work/down.log" >&2; fi
  for each in 0 1 2; do
    if mountpoint -q "$disks/$each"; then umount -l "$disks/$each"; fi
  done
  rm -rf "$work"
  exit "$status"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if [ -z "${WITAN_TEST_KUBE_IMAGES:-}" ]; then
  export WITAN_TEST_KUBE_IMAGES="$work/images.tar"
  "$here/../containers/with-docker.sh" "$here/images.sh" "$WITAN_TEST_KUBE_IMAGES"
fi

started=$by
case $by in
  kind)
    export KUBECONFIG="$work/kubeconfig" WITAN_TEST_KUBE_LOAD="$work/load"
    printf '#!/bin/sh\nexec kind load image-archive --name witan-test "$@"\n' > "$work/load"
    chmod +x "$work/load"
    kind create cluster --name witan-test --wait 120s > "$work/up.log" 2>&1 || { tail -n 5 "$work/up.log" >&2; missing "kind cannot start a cluster"; }
    mount_disks docker exec witan-test-control-plane
    ;;
  kit)
    mount_disks env
    "$kit/up" > "$work/env" 2> "$work/up.log" || { tail -n 5 "$work/up.log" >&2; missing "$kit/up cannot start a cluster"; }
    # One that somebody else has started stays, and does not see what was mounted since.
    if grep -q 'already up' "$work/up.log"; then
      started=
      unset WITAN_TEST_KUBE_DISKS
    fi
    # It says where the cluster is, and puts kubectl on the path.
    eval "$(cat "$work/env")"
    export WITAN_TEST_KUBE_LOAD="$kit/load"
    ;;
esac
export WITAN_TEST_KUBE=current
"$@"
