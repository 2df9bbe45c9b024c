#!/usr/bin/env bash
# Runs a command where a Docker daemon answers: the one that is there, or one of its own, with the images that the tests
# need, in a network of its own, which is gone afterwards. The latter needs root and apt-get.
#
#   test/containers/with-docker.sh npm test -- --only containers
set -euo pipefail

# Ends with 69, which is no failure of what is tested.
missing() {
  echo "with-docker.sh: no Docker daemon answers, and $1" >&2
  exit 69
}

if docker version > /dev/null 2>&1; then exec "$@"; fi
[ "$(id -u)" = 0 ] || missing "starting one takes root"
if ! { command -v dockerd && command -v debootstrap && command -v iptables; } > /dev/null; then
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends \
    docker.io docker-compose iptables iproute2 debootstrap > /dev/null; } || missing "apt-get cannot install one"
fi

work=$(mktemp -d /var/tmp/witan-docker-XXXXXX)
network=$(basename "$work")
export DOCKER_HOST="unix://$work/socket"
# The client that came with the daemon: another one on the PATH may be too new for it.
export PATH="/usr/bin:$PATH"
daemon=

end() {
  status=$?
  if [ -n "$daemon" ]; then
    kill "$daemon" 2> /dev/null || true
    wait "$daemon" 2> /dev/null || true
  fi
  # The daemon keeps its folder mounted on itself.
  umount "$work/data" 2> /dev/null || true
  ip netns delete "$network" 2> /dev/null || true
  rm -rf "$work"
  exit "$status"
}
trap end EXIT

ip netns add "$network" || missing "a network of its own cannot be made for one"
# Without a shell of its own between, so that this is the daemon's id.
within=(nsenter --net="/run/netns/$network")
"${within[@]}" ip link set lo up || missing "its network cannot be used"
"${within[@]}" dockerd --data-root "$work/data" --exec-root "$work/exec" --pidfile "$work/pid" --host "$DOCKER_HOST" \
  > "$work/log" 2>&1 &
daemon=$!
for _ in $(seq 100); do
  if docker version > /dev/null 2>&1; then break; fi
  kill -0 "$daemon" 2> /dev/null || break
  sleep 0.2
done
docker version > /dev/null 2>&1 || { tail -n 5 "$work/log" >&2; missing "one that was started does not"; }

"$(dirname "$0")/../../deploy/image/base.sh" --others > /dev/null || missing "no base image can be made of Debian's packages"
# Ports that containers publish are reached from in here.
"${within[@]}" "$@"
