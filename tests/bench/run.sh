#!/bin/sh
# Measures ingest and worker beside what people use today and beside their floors; prints one table, writes it as JSON.
#   sh tests/bench/run.sh [--quick] [--only NAME]... [--json FILE] [--without-peers]     on a bare Debian 12, as root
#   sh tests/bench/run.sh --only peers|limits|flow   a group of parts; --help names the parts
#   sh tests/bench/run.sh --merge FILE...   one table out of the JSON of several runs
#   sh tests/bench/run.sh --check    fails when ingest or worker takes 25 % more instructions, against its floor, than recorded.json says
#   sh tests/bench/run.sh --record   writes recorded.json, after a change that is meant to cost or to save
#   BUILD_ROOT   build folders (default: build)
# Absolute times mean little on a shared machine; the ratios come from alternating runs and processor time.
set -eu
cd "$(dirname "$0")/../.."
# shellcheck source=tests/packages.sh
. tests/packages.sh

build_root=${BUILD_ROOT:-build}
build=$build_root/bench
mkdir -p "$build_root"

export BUILD_DIR="$build" PYTHONPATH=tests/bench:tests/e2e PYTHONDONTWRITEBYTECODE=1

case " $* " in *' --merge '* | *' --help '*) exec /usr/bin/python3 -m figures "$@" ;; esac
# shellcheck disable=SC2086 # lists
install_packages $build_packages $bench_packages
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DBUILD_TESTING=OFF -DBENCH=ON >"$build_root/bench.log"
cmake --build "$build" >>"$build_root/bench.log" || { tail -n 30 "$build_root/bench.log" && exit 1; }

# The peers need a Node that their packages still support, and the npm registry once.
peers=
case " $* " in
*' --without-peers '* | *' --check '* | *' --record '*) ;;
*)
    install_npm || install_packages npm
    if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
        echo "the Node peers are left out: they need Node 20, this is $(node --version)"
        peers=--without-peers
    elif [ -z "$(find tests/bench/peers/node_modules/.package-lock.json -newer tests/bench/peers/package-lock.json 2>/dev/null)" ]; then
        install_packages g++ make # where no built better-sqlite3 can be had
        npm ci --prefix tests/bench/peers --no-audit --no-fund >>"$build_root/bench.log" 2>&1 ||
            { tail -n 30 "$build_root/bench.log" && exit 1; }
    fi
    ;;
esac
exec /usr/bin/python3 -m figures "$@" $peers
