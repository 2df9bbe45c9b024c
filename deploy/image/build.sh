#!/usr/bin/env bash
# Builds the image of all services from this checkout; runs `npm ci` where nothing is installed yet. Needs Docker and npm.
#
#   deploy/image/build.sh [NAME]        # witan:VERSION unless given
#   BASE=node:24-trixie-slim deploy/image/build.sh   # on another base; on that of base.sh where it has made one
set -euo pipefail
cd "$(dirname "$0")/../.."

node=node_modules/node/bin/node
docker version > /dev/null 2>&1 || { echo "build.sh: no Docker daemon answers: https://docs.docker.com/engine/install/" >&2; exit 69; }
# The packages in it are those that are installed here, and some have code for one kind of machine.
case $(uname -m) in x86_64) arch=amd64 ;; aarch64 | arm64) arch=arm64 ;; *) arch=$(uname -m) ;; esac
here="$(uname -s | tr '[:upper:]' '[:lower:]')/$arch" there=$(docker version --format '{{.Server.Os}}/{{.Server.Arch}}')
if [ "$here" != "$there" ] || ldd --version 2>&1 | grep -qi musl; then
  echo "build.sh: an image for $there is built on $there with glibc, and this is $here: build it in a container or on a" \
    "machine of that kind" >&2
  exit 69
fi
[ -x "$node" ] || npm ci --no-audit --no-fund --loglevel=error >&2
version=$("$node" -p 'require("./package.json").version')
revision=$(git rev-parse HEAD 2> /dev/null || echo unknown)
[ -z "$(git status --porcelain 2> /dev/null)" ] || revision="$revision-dirty"
if docker image inspect witan-base:local > /dev/null 2>&1; then BASE=${BASE:-witan-base:local}; fi
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT

"$node" deploy/image/stage.ts "$context/app"
cp deploy/image/{Dockerfile,witan-service,witan} "$context/"
echo "on ${BASE:-node:24-bookworm-slim}" >&2
DOCKER_BUILDKIT=${DOCKER_BUILDKIT-1} docker build --quiet --tag "${1:-witan:$version}" \
  ${BASE:+--build-arg BASE="$BASE"} \
  --build-arg VERSION="$version" --build-arg REVISION="$revision" \
  --build-arg CREATED="$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$context" || {
  [ -n "${BASE:-}" ] || echo "build.sh: where node:24-bookworm-slim cannot be pulled, deploy/image/base.sh makes a base" >&2
  exit 1
}
