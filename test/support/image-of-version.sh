#!/usr/bin/env bash
# Makes of an image of Witan the one that another version of the same wire format would be. Needs Docker.
#
#   test/support/image-of-version.sh IMAGE VERSION NAME
set -euo pipefail
image=$1 version=$2 name=$3

# The same code, which says that it is another version.
docker build --quiet --tag "$name" - > /dev/null << END
FROM $image
USER 0
RUN files='/app/services/*/src/service.ts' pattern="(version: |VERSION = )'[0-9.]+'" && grep -qE "\$pattern" \$files && \
    sed -i -E "s/\$pattern/\1'$version'/" \$files
USER 10001:10001
LABEL org.opencontainers.image.version=$version
END
