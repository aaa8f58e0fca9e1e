#!/usr/bin/env bash
# Writes the account with the password of the secret, and starts the server. All that is written is in /run/vsftpd, so
# that the root file system may be read-only.
set -euo pipefail

secret=${FTP_PASSWORD_FILE:-/run/secrets/ftp_password}
password=$(<"$secret")
[ -n "$password" ] || { echo "$secret is empty" >&2; exit 2; }

install -d -m 0755 /run/vsftpd/empty
(umask 077 && printf 'camera:%s\n' "$(openssl passwd -6 -stdin <<<"$password")" >/run/vsftpd/users)
exec vsftpd /etc/vsftpd.conf "-opasv_address=${PASV_ADDRESS:-127.0.0.1}"
