#!/usr/bin/env bash
# Builds the images of docker-compose.prod.yml and runs its services as containers, with the rights, limits, mounts and
# secrets of that file, but by podman alone: on a machine without Docker. A picture and a clip go in by FTP and must come
# out of the API. As root, after ./setup.sh; needs podman, buildah, catatonit and the base images (node:20-bookworm-slim,
# debian:12-slim, postgres:18-bookworm, redis:8-bookworm), pulled or made by you. Everything it made is removed again.
#
#   deploy/try.sh                 build, then run
#   BUILD=no deploy/try.sh        run what was built
#   ENGINE='podman --runtime /path/to/runc' BUILD_ARGS='--volume /etc/npmrc:/etc/npmrc:ro' deploy/try.sh
set -euo pipefail
cd "$(dirname "$0")/.."

engine=${ENGINE:-podman}
version=${NIGHTJAR_VERSION:-0.1.0}
if [ "${BUILD:-yes}" = yes ]; then
  # Words of BUILD_ARGS are arguments: chroot, because builds may run where no container may.
  # shellcheck disable=SC2086
  build() { buildah build --format docker --isolation chroot --pull=never --layers ${BUILD_ARGS:-} "$@"; }
  build -t "nightjar:$version" --target default -f backend/Dockerfile .
  build -t "nightjar-ftp:$version" deploy/vsftpd
fi
exec node --import tsx backend/tests/deploy/try.ts "$engine"
