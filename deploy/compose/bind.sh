#!/usr/bin/env bash
# Binds the users of each node of the compose file to the name that its elder tells in its log, so that it can answer for no
# other, and has NATS read its users again. The nodes have to run, but for those that are bound already. None is bound unless
# all are known.
#
#   deploy/compose/bind.sh [--name node-N=NAME]…
#
#   --name node-N=NAME   instead of what the log of that node's elder says
#
# Variables as for compose itself; COMPOSE_FILE is the file beside this one unless set.
set -euo pipefail
export COMPOSE_FILE="${COMPOSE_FILE:-$(cd "$(dirname "$0")" && pwd)/compose.yaml}"
case ${1-} in -h | --help) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p}' "$0"; exit 0 ;; esac

if docker compose version > /dev/null 2>&1; then
  compose() { docker compose "$@"; }
else
  compose() { docker-compose "$@"; }
fi

services=$(compose config --services)
names=() missing=()
for node in $(sed -n 's/^\(node-[0-9]*\)-elder$/\1/p' <<< "$services" | sort -V); do
  case " $*" in *[\ =]"$node="*) continue ;; esac
  name=$(compose logs --no-color --no-log-prefix "$node-elder" |
    sed -nE '/"event":"ready"/s/.*"node":"([0-9a-f]{64})".*/\1/p' | tail -1)
  # It is away, or its log no longer tells it: the others are not to wait for it.
  if [ -z "$name" ] && name=$(compose run --rm -T --entrypoint cat secrets "/secrets/$node.name" 2> /dev/null); then
    echo "bind.sh: the log of $node-elder has no ready line: it stays bound to $name" >&2
  fi
  if [ -n "$name" ]; then names+=("--name=$node=$name"); else missing+=("$node"); fi
done
for node in "${missing[@]}"; do
  echo "bind.sh: the log of $node-elder has no ready line: restart it, or --name $node=NAME" >&2
done
[ ${#missing[@]} = 0 ] || exit 69

compose run --rm -T secrets "${names[@]}" "$@"
# From within: after `kill --signal HUP` Docker takes the container for one that was stopped, and starts it no more.
compose exec -T nats nats-server --signal reload=1
