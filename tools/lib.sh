# SPDX-License-Identifier: BSD-2-Clause
# Functions shared by the scripts in this folder; sourced by bash, never run.
#
# The caller has set -euo pipefail. Paths may hold spaces.

TOOLS_DIR="$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)"
SOURCE_DIR="$(dirname -- "$TOOLS_DIR")"

# What the person's own PATH holds (other Pythons, other compilers) is not what Debian's packages were installed for.
export PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin
export PYTHONDONTWRITEBYTECODE=1

say() { printf '%s\n' "$*" >&2; }
die() {
    say "${0##*/}: $*"
    exit 1
}

# need_root WHY: ends with a clear message when not root.
need_root() {
    [ "$(id -u)" -eq 0 ] && return 0
    say "${0##*/}: this needs root, because it $1."
    say "Run it as: sudo $(printf %q "$0")"
    exit 1
}

# packages_for PURPOSE...: the names in packages.
packages_for() {
    local purpose
    for purpose; do
        awk -v purpose="$purpose" '$1 == purpose { print $2 }' "$TOOLS_DIR/packages"
    done
}

package_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# install_missing PURPOSE...: asks the package archive for nothing when everything is there.
install_missing() {
    local package missing=()
    command -v dpkg-query >/dev/null || die "this needs Debian 12 or a relative (dpkg is missing)."
    for package in $(packages_for "$@"); do
        package_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    say "Installing what is missing: ${missing[*]}"
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600)
    "${apt[@]}" update </dev/null >&2 || die "apt-get update failed; is the package archive reachable?"
    "${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null >&2 \
        || die "these packages could not be installed: ${missing[*]}"
}

# download_missing PURPOSE...: those alone, without what they depend on, into the package manager's own archive; nothing is installed.
download_missing() {
    local package missing=()
    for package in $(packages_for "$@"); do
        package_installed "$package" || compgen -G "/var/cache/apt/archives/${package}_*.deb" >/dev/null || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    say "Downloading what is missing: ${missing[*]}"
    (cd /var/cache/apt/archives && apt-get -q -o APT::Sandbox::User=root download "${missing[@]}") </dev/null >&2 \
        || die "these packages could not be downloaded: ${missing[*]}"
}

caller_uid() { printf '%s' "${SUDO_UID:-0}"; }
caller_gid() { printf '%s' "${SUDO_GID:-0}"; }

# as_caller COMMAND...: as the person who called sudo, with a home of their own; as root when there was no sudo.
as_caller() {
    local uid home
    uid=$(caller_uid)
    if [ "$uid" -eq 0 ]; then
        "$@"
        return
    fi
    home=$(getent passwd "$uid" | cut -d: -f6)
    env -u SUDO_COMMAND HOME="${home:-/}" \
        setpriv --reuid="$uid" --regid="$(caller_gid)" --init-groups -- "$@"
}

# give_to_caller FOLDER: tests run as root and leave logs in the build folder.
give_to_caller() {
    [ -d "$1" ] || return 0
    chown -R --no-dereference "$(caller_uid):$(caller_gid)" "$1"
}

# wait_for COMMAND...: until it succeeds; status 1 when it has not within half a minute.
wait_for() {
    local count=0
    until "$@" >/dev/null 2>&1; do
        count=$((count + 1))
        [ $count -lt 600 ] || return 1
        sleep 0.05
    done
}

# make_people NAME...: users whose password is the name, in place of any that are called so.
make_people() {
    local name
    for name; do
        ! id -u "$name" >/dev/null 2>&1 || userdel --remove "$name" 2>/dev/null
        useradd --create-home --user-group --shell /bin/bash --password "$(openssl passwd -6 "$name")" "$name"
    done
}

# build FOLDER [MESON OPTION...]: configures once (again when the options changed) and compiles, as the caller.
build() {
    local folder=$1 options_file
    shift
    options_file="$folder/.ovcert-options"
    if [ ! -f "$folder/build.ninja" ] || [ "$(cat "$options_file" 2>/dev/null)" != "$*" ]; then
        rm -rf "$folder"
        mkdir "$folder"
        give_to_caller "$folder"
        as_caller meson setup "$folder" "$SOURCE_DIR" "$@" >&2 </dev/null
        printf '%s' "$*" >"$options_file"
        give_to_caller "$options_file"
    fi
    give_to_caller "$folder"
    as_caller meson compile -C "$folder" >&2 </dev/null
}
