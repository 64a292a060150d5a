#!/bin/sh
# The fault bench: kills, cuts and floods the programs and counts what became of the events.
#   sh tests/chaos/run.sh [--long] [--seed N] [--only NAME]
# --long  the figures that the promises name (hours) instead of the short form of CI (minutes)
# --seed  repeats a run; without it a seed is drawn, and printed
# --only  tests whose name contains NAME: p02, "p04 and redis"
# BUILD_DIR: programs built with -DFAULTS=ON and without sanitizers; default: the preset chaos is built in BUILD_ROOT/chaos.
set -eu
cd "$(dirname "$0")/../.."
# shellcheck source=tests/packages.sh
. tests/packages.sh

CHAOS_LONG=0
CHAOS_SEED=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
only=
limit=1300
usage() {
    echo "usage: sh tests/chaos/run.sh [--long] [--seed N] [--only NAME]" >&2
    exit 2
}
while [ $# -gt 0 ]; do
    case $1 in
    --long) CHAOS_LONG=1 limit=90000 ;;
    --seed | --only)
        [ $# -gt 1 ] || usage
        if [ "$1" = --seed ]; then CHAOS_SEED=$2; else only=$2; fi
        shift
        ;;
    *) usage ;;
    esac
    shift
done
export CHAOS_LONG CHAOS_SEED

# shellcheck disable=SC2154,SC2086 # lists from packages.sh
install_packages $build_packages $e2e_packages
if [ -z "${BUILD_DIR:-}" ]; then
    BUILD_DIR=${BUILD_ROOT:-build}/chaos
    mkdir -p "$BUILD_DIR"
    if ! { cmake --preset chaos -B "$BUILD_DIR" -G Ninja && cmake --build "$BUILD_DIR"; } >"$BUILD_DIR/log" 2>&1; then
        tail -n 40 "$BUILD_DIR/log"
        exit 1
    fi
fi
export BUILD_DIR
echo "chaos: seed $CHAOS_SEED, long $CHAOS_LONG, only '${only:-all}', programs of $BUILD_DIR, at most $limit s"
status=0
timeout --kill-after=20 "$limit" /usr/bin/python3 -m pytest -q -rs -n 2 --dist loadfile -p no:cacheprovider --durations=5 ${only:+-k "$only"} tests/chaos ||
    status=$?
[ "$status" = 0 ] || echo "FAILED; the same again: sh tests/chaos/run.sh --seed $CHAOS_SEED$([ "$CHAOS_LONG" = 0 ] || echo ' --long')"
exit "$status"
