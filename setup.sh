#!/usr/bin/env bash
# Makes a checkout ready to run: node modules, .env with random secrets, the build, the bundled model; with --test also
# redis-server, ffmpeg, vsftpd, mosquitto, curl, rsync, OpenStack Swift, promtool and chromium. Idempotent: what is there is left alone,
# and a second run takes well under a second.
set -euo pipefail
cd "$(dirname "$0")"

say() { printf 'setup: %s\n' "$*" >&2; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }
# Newer than all that is named after it?
fresh() { local stamp=$1; shift; [ -e "$stamp" ] && [ -z "$(find "$@" -newer "$stamp" -print -quit 2>/dev/null)" ]; }

command -v node >/dev/null || die 'Node.js 20.19 or later is needed: https://nodejs.org'
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
  die "Node.js 20.19 or later is needed, this is $(node --version)"

# CUDA libraries are fetched by the package's own script, and only where they can be of use.
if ! command -v nvidia-smi >/dev/null; then export ONNXRUNTIME_NODE_INSTALL=skip; fi

# npm writes this file at the end of each install, ours or one by hand.
modules=node_modules/.package-lock.json
if ! fresh "$modules" package-lock.json; then
  say 'installing node modules'
  npm ci --no-audit --no-fund --loglevel=error >&2 || {
    [ "${ONNXRUNTIME_NODE_INSTALL:-}" = skip ] && die 'npm ci failed'
    say 'trying again without the CUDA libraries of onnxruntime'
    ONNXRUNTIME_NODE_INSTALL=skip npm ci --no-audit --no-fund --loglevel=error >&2 || die 'npm ci failed'
  }
fi

if ! grep -qs '^ADMIN_API_KEY=.' .env; then
  say 'writing a random ADMIN_API_KEY to .env'
  [ -e .env ] || (umask 077 && echo '# Written by setup.sh. All settings: backend/docs/operations.md' >.env)
  printf 'ADMIN_API_KEY=%s\n' "$(node -p 'require("node:crypto").randomBytes(32).toString("base64url")')" >>.env
fi

built=backend/dist/.built
if ! fresh "$built" backend/src package.json tsconfig.json tsconfig.build.json scripts client "$modules"; then
  say 'building'
  npm run --silent build >&2
  touch "$built"
fi

model=backend/models/centernet-mbv3
if ! fresh "$model/model.onnx" "$model/model.json" "$modules"; then
  say 'seeing to the bundled model'
  node backend/dist/cli.js models import --bundled >&2
  touch "$model/model.onnx"
fi

# System packages that only the tests need: need_package PROGRAM PACKAGE, need_library FILE PACKAGE (Linux only)
need_package() { command -v "$1" >/dev/null || install_package "$@"; }
need_library() {
  if [ "$(uname)" != Linux ] || PATH=$PATH:/usr/sbin:/sbin ldconfig -p | grep -F "$1" >/dev/null; then return; fi
  install_package "$@"
}
# Linux only; in the system's own Python, which Debian's packages are for.
need_python_module() {
  if [ "$(uname)" != Linux ] || /usr/bin/python3 -c "import $1" 2>/dev/null; then return; fi
  install_package "$@"
}
install_package() {
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing $2 for the tests"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2"; } >/dev/null 2>&1 ||
      die "$2 could not be installed: install it, then run this again"
  else
    die "the tests need $1: install it (apt install $2, brew install ${3:-$2}), then run this again"
  fi
}
# Prometheus' own checker, taken out of its package: the server itself would be started as a service.
need_promtool() {
  if [ "$(uname)" != Linux ] || command -v promtool >/dev/null; then return; fi
  if ! { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }; then
    die 'the tests need promtool: install it (it comes with Prometheus), then run this again'
  fi
  say 'fetching promtool for the tests'
  local folder
  folder=$(mktemp -d)
  { chmod 755 "$folder" && cd "$folder" && apt-get update -qq && apt-get download -qq prometheus &&
    dpkg-deb -x prometheus_*.deb . && install usr/bin/promtool /usr/local/bin/promtool; } >/dev/null 2>&1 ||
    die 'promtool could not be fetched: install it (it comes with Prometheus), then run this again'
  cd "$OLDPWD" && rm -rf "$folder"
}
if [ "${1:-}" = --test ]; then
  need_package redis-server redis-server redis
  need_package ffmpeg ffmpeg
  need_package chromium chromium
  need_package curl curl
  need_package openssl openssl
  need_package rsync rsync
  [ "$(uname)" != Linux ] || PATH=$PATH:/usr/sbin need_package vsftpd vsftpd
  PATH=$PATH:/usr/sbin:/usr/local/sbin need_package mosquitto mosquitto
  [ "$(uname)" != Linux ] || compgen -G '/usr/lib/*/security/pam_pwdfile.so' >/dev/null || compgen -G '/lib/*/security/pam_pwdfile.so' >/dev/null ||
    install_package pam_pwdfile.so libpam-pwdfile
  need_python_module swift python3-swift # OpenStack Swift: the S3-compatible server of the tests
  [ "$(uname)" != Linux ] || need_package faketime faketime # clocks that step, for chaos
  need_promtool
  need_library libvulkan.so.1 libvulkan1 # onnxruntime's WebGPU, on the software Vulkan that comes with chromium
fi
