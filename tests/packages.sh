# shellcheck shell=sh
# Debian's names of everything that building, trying out and testing need, and the one function that installs them.
# Read by run.sh and demo.sh with "."; works on a bare Debian 12 or 13 as root.

# shellcheck disable=SC2034 # used by the scripts that read this file
build_packages="gcc libc6-dev cmake ninja-build pkg-config libevent-dev libhiredis-dev libcjson-dev libsqlite3-dev libssl-dev libpq-dev libjs-dygraphs"
# shellcheck disable=SC2034
demo_packages="redis-server redis-tools sqlite3 openssl ca-certificates"
# shellcheck disable=SC2034
unit_packages="clang llvm libcmocka-dev libclang-rt-14-dev scdoc postgresql"
# shellcheck disable=SC2034
lint_packages="clang clang-tidy clang-format cppcheck shellcheck universal-ctags"
# shellcheck disable=SC2034
e2e_packages="openssl faketime scdoc man-db systemd redis-server postgresql pgbouncer prometheus iproute2 python3 python3-pytest python3-pytest-xdist python3-redis llvm ca-certificates"
# shellcheck disable=SC2034
page_packages="redis-server sqlite3 postgresql chromium fonts-dejavu-core ca-certificates"
# shellcheck disable=SC2034
bench_packages="redis-server redis-tools postgresql valgrind python3 python3-redis"

is_installed() {
    dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^.i'
}

# Installs those of the named packages that are missing; asks the mirror only when one is.
install_packages() {
    missing=
    for package in "$@"; do
        # Debian 13 names the sanitizer runtime after its own clang.
        [ "$package" != libclang-rt-14-dev ] || grep -q '^12' /etc/debian_version || package=libclang-rt-dev
        is_installed "$package" || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ]; then
        echo "these packages are missing and only root can install them:$missing" >&2
        return 1
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq || return 1
    # shellcheck disable=SC2086 # a list
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

# Debian's npm conflicts with a nodejs from elsewhere that brings its own.
install_npm() {
    command -v npm >/dev/null || install_packages nodejs npm
}
