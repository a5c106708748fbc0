#!/bin/sh
# Copyright (c) 2026, Preflight contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Says in one line which programs `make test-full` lacks and how to get them; installs them when CI=true.

set -eu

# Debian keeps the programs of servers out of the PATH of its users.
PATH=$PATH:/usr/sbin:/sbin
programs="chromium dovecot go keytool mariadbd nginx openssl postgres prosody slapd"

has() {
    case $1 in
        chromium) command -v chromium || command -v google-chrome ;;
        dovecot) command -v dovecot && ls /usr/lib/dovecot/imap /usr/lib/dovecot/pop3 /usr/lib/dovecot/lmtp /usr/lib/dovecot/managesieve ;;
        postgres) ls /usr/lib/postgresql/*/bin/postgres || command -v postgres ;;
        *) command -v "$1" ;;
    esac >/dev/null 2>&1
}

packages_of() {
    case $1 in
        dovecot) echo dovecot-imapd dovecot-pop3d dovecot-lmtpd dovecot-managesieved ;;
        go) echo golang-go ;;
        keytool) echo default-jre-headless ;;
        mariadbd) echo mariadb-server ;;
        postgres) echo postgresql ;;
        prosody) echo prosody lua-sec ;;
        *) echo "$1" ;;
    esac
}

missing=
packages=
for program in $programs; do
    has "$program" && continue
    missing="$missing $program"
    packages="$packages $(packages_of "$program")"
done
[ -z "$missing" ] && exit 0

get="apt-get install --no-install-recommends$packages"
if [ "${CI:-}" != true ]; then
    echo "preflight: make test-full lacks$missing. Get them: $get" >&2
    exit 1
fi
echo "Installing$packages ..." >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# The tests start the servers themselves, on ports of their own: installing them must not start any.
# shellcheck disable=SC2086 # a list of words
RUNLEVEL=1 apt-get install -qq -y --no-install-recommends $packages >/dev/null
for program in $missing; do
    has "$program" || { echo "preflight: $program is still missing after: $get" >&2; exit 1; }
done
