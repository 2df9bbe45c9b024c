#!/usr/bin/env bash
# Builds the image of all services from this checkout. Needs Docker, and `npm ci` done.
#
#   deploy/image/build.sh [NAME]        # witan:VERSION unless given
#   BASE=witan-base:local deploy/image/build.sh
set -euo pipefail
cd "$(dirname "$0")/../.."

node=node_modules/node/bin/node
[ -x "$node" ] || { echo "build.sh: run npm ci first" >&2; exit 69; }
version=$("$node" -p 'require("./package.json").version')
revision=$(git rev-parse HEAD 2> /dev/null || echo unknown)
[ -z "$(git status --porcelain 2> /dev/null)" ] || revision="$revision-dirty"
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT

"$node" deploy/image/stage.ts "$context/app"
cp deploy/image/{Dockerfile,witan-service,witan} "$context/"
DOCKER_BUILDKIT=1 docker build --quiet --tag "${1:-witan:$version}" \
  ${BASE:+--build-arg BASE="$BASE"} \
  --build-arg VERSION="$version" --build-arg REVISION="$revision" \
  --build-arg CREATED="$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$context"
