#!/usr/bin/env bash
# Makes the images that the tests on a cluster need, as one archive: Witan's as WITAN_TEST_IMAGE names it or else of this
# checkout, the same under a later version, and NATS. Needs Docker, and the images that with-docker.sh has made.
#
#   test/containers/with-docker.sh test/kube/images.sh FILE
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ -n "${WITAN_TEST_IMAGE:-}" ]; then
  docker tag "$WITAN_TEST_IMAGE" witan:0.1.0
else
  deploy/image/build.sh witan:0.1.0 > /dev/null
fi
test/support/image-of-version.sh witan:0.1.0 0.1.1 witan:0.1.1
docker image inspect nats:2.9.10 > /dev/null 2>&1 || docker pull --quiet nats:2.9.10 > /dev/null
docker save --output "$1" witan:0.1.0 witan:0.1.1 nats:2.9.10
