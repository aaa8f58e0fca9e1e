#!/usr/bin/env bash
# Random secrets for docker-compose.prod.yml, one file each. What is there is left alone.
set -euo pipefail
cd "$(dirname "$0")"

# The folder is closed to others; the files must be readable by the users of the containers, who never see the folder.
mkdir -p -m 0700 secrets
secret() { [ -s "secrets/$1" ] || { (umask 022 && printf '%s' "$2" >"secrets/$1"); echo "made deploy/secrets/$1"; }; }
random() { head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n'; }

secret admin_api_key "$(random)"
secret postgres_password "$(random)"
secret redis_password "$(random)"
secret ftp_password "$(head -c 12 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n')"
secret grafana_password "$(random)"
secret database_url "postgres://nightjar:$(cat secrets/postgres_password)@postgres:5432/nightjar"
secret redis_url "redis://:$(cat secrets/redis_password)@redis:6379"
