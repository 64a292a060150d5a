#!/bin/sh
# Builds and tests everything. On a bare Debian 12 as root: sh tests/run.sh [unit|lint|e2e|page|chaos|fuzz|compose]…
# Without a part: all of them. Each step is one line; its whole output lies in $BUILD_ROOT/log. Ends in "N passed, N failed".
#   BUILD_ROOT    build folders (default: build)
#   FUZZ_SECONDS  seconds for each fuzz target (default: 60)
set -u
cd "$(dirname "$0")/.." || exit 1
# shellcheck source=tests/packages.sh
. tests/packages.sh

build_root=${BUILD_ROOT:-build}
fuzz_seconds=${FUZZ_SECONDS:-60}
export CMAKE_GENERATOR=Ninja
passed=0
failed=0
mkdir -p "$build_root/log"
step_pid=
# timeout leads a process group of its own, which Ctrl-C does not reach; it passes a signal on to all of the step.
trap '[ -z "$step_pid" ] || kill "$step_pid" 2>/dev/null; exit 130' INT TERM

# step NAME LIMIT COMMAND…: runs a command for at most LIMIT seconds, counts it, shows the end of its output if it fails.
step() {
    step_name=$1
    step_limit=$2
    shift 2
    step_log=$build_root/log/$(echo "$step_name" | tr ' /:,' '____' | tr -s _).log
    step_start=$(date +%s)
    timeout --kill-after=10 "$step_limit" "$@" >"$step_log" 2>&1 </dev/null &
    step_pid=$!
    wait "$step_pid"
    step_rc=$?
    step_took=$(($(date +%s) - step_start))
    if [ "$step_rc" = 0 ]; then
        passed=$((passed + 1))
        echo "ok      $step_name ($step_took s)$(grep -E '^(=+ )?[0-9]+ (passed|skipped)' "$step_log" | tail -n 1 | sed 's/^=* */: /; s/ in .*//')"
        grep -hE '^SKIP' "$step_log" | sed 's/^/        /' | sort -u
        return 0
    fi
    failed=$((failed + 1))
    echo "FAILED  $step_name ($step_took s, status $step_rc); all of it: $step_log"
    tail -n 40 "$step_log" | sed 's/^/        /'
    return 1
}

build_preset() {
    cmake --preset "$1" -B "$build_root/$1" && cmake --build "$build_root/$1"
}

# Steps run as child processes so that a time limit can end them: "sh tests/run.sh build PRESET" is one of them.
build_step() {
    [ -e "$build_root/log/built.$1.$$" ] && return 0
    step "build $1" 900 env BUILD_ROOT="$build_root" sh tests/run.sh build "$1" && : >"$build_root/log/built.$1.$$"
}

# Installs packages; that this failed counts as a failed step.
need() {
    install_packages "$@" && return 0
    failed=$((failed + 1))
    echo "FAILED  installing packages"
    return 1
}

run_unit() {
    # shellcheck disable=SC2086
    need $build_packages $unit_packages || return
    build_step release
    for preset in dev clang; do
        build_step "$preset" && step "unit tests, $preset" 600 ctest --test-dir "$build_root/$preset" --output-on-failure -j 2
    done
}

run_lint() {
    # shellcheck disable=SC2086
    need $build_packages $unit_packages $lint_packages || return
    build_step clang   # clang-tidy reads its compile_commands.json
    build_step release # hardening.sh looks at the programs
    for script in tests/lint/*.sh; do
        step "lint: $(basename "$script" .sh)" 900 env BUILD_DIR="$build_root/clang" RELEASE_DIR="$build_root/release" sh "$script"
    done
}

registry_is_away='ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|CERT'

# Without the npm registry the tests that compare with the official libraries are skipped; any other failure counts.
install_signers() {
    npm ci --prefix tests/e2e/signers --no-audit --no-fund --fetch-retries=1 --fetch-timeout=30000 2>"$build_root/log/npm" && return
    cat "$build_root/log/npm"
    grep -qE "$registry_is_away" "$build_root/log/npm" || return 1
    echo "SKIPPED the npm registry cannot be reached, so svix and standardwebhooks are not compared with"
}

run_e2e() {
    # shellcheck disable=SC2086
    need $build_packages $unit_packages $e2e_packages || return
    install_npm || need npm || return
    build_step dev || return
    step "official signing libraries" 180 sh tests/run.sh signers
    step "end to end" 1400 env BUILD_DIR="$build_root/dev" /usr/bin/python3 -m pytest -q -rs -n 2 --dist loadfile -p no:cacheprovider tests/e2e \
        --ignore-glob='*/test_compose*.py'
}

run_chaos() {
    # shellcheck disable=SC2086
    need $build_packages $e2e_packages || return
    step "fault bench, short form" 1400 env BUILD_ROOT="$build_root" sh tests/chaos/run.sh
}

# Without the npm registry there is nothing to drive the browser with.
page_tests() {
    log=$build_root/log/npm-page
    if npm ci --prefix tests/page --no-audit --no-fund --fetch-retries=1 --fetch-timeout=30000 2>"$log"; then
        node --test --test-reporter=spec tests/page/page.test.mjs
        return
    fi
    cat "$log"
    grep -qE "$registry_is_away" "$log" || return 1
    echo "SKIPPED the npm registry cannot be reached, so no browser is driven"
}

run_page() {
    # shellcheck disable=SC2086
    need $build_packages $unit_packages $page_packages || return
    install_npm || need npm || return
    build_step dev || return
    for database in sqlite postgres; do
        step "page in a browser, $database" 240 env BUILD_DIR="$build_root/dev" DATABASE="$database" sh tests/run.sh browser
    done
}

# One target; its findings lie beside its corpus.
fuzz_target() {
    corpus=$build_root/fuzz/corpus/$1
    seeds=tests/fuzz/corpus/$1
    mkdir -p "$corpus"
    [ -d "$seeds" ] || seeds=
    log=$build_root/log/fuzz_$1.log
    "$build_root/fuzz/tests/fuzz_$1" -max_total_time="$fuzz_seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$corpus.crash." "$corpus" ${seeds:+"$seeds"} >"$log" 2>&1 ||
        { tail -n 40 "$log" && return 1; }
    echo "$1: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs in $fuzz_seconds s"
}

fuzz_targets() {
    basename -s .c tests/fuzz/fuzz_*.c | sed 's/^fuzz_//'
}

run_fuzz() {
    # shellcheck disable=SC2086
    need $build_packages $unit_packages || return
    build_step fuzz || return
    # two run at a time
    step "fuzz: $(fuzz_targets | wc -l) targets, $fuzz_seconds s each" $((fuzz_seconds * $(fuzz_targets | wc -l) + 120)) \
        env BUILD_ROOT="$build_root" sh tests/run.sh fuzz_all
}

run_compose() {
    if ! { command -v docker && command -v docker-compose && docker info; } >/dev/null 2>&1; then
        echo "SKIPPED compose: no Docker engine answers, or docker-compose is not there"
        return
    fi
    need python3 python3-pytest openssl || return
    step "Debian 13: gcc, clang, unit tests" 600 docker build -f common/Dockerfile --target check .
    for test in tests/e2e/test_compose*.py; do
        step "$(basename "$test" .py)" 600 env COMPOSE_TEST=1 /usr/bin/python3 -m pytest -q -rs -p no:cacheprovider "$test"
    done
}

case ${1:-} in
build)
    build_preset "$2"
    exit
    ;;
signers)
    install_signers
    exit
    ;;
browser)
    page_tests
    exit
    ;;
fuzz_all)
    fuzz_targets | xargs -P 2 -n 1 sh tests/run.sh fuzz_target
    exit
    ;;
fuzz_target)
    fuzz_target "$2"
    exit
    ;;
esac
[ $# -gt 0 ] || set -- lint unit e2e page chaos fuzz compose
for part in "$@"; do
    case $part in
    unit | lint | e2e | page | chaos | fuzz | compose) "run_$part" ;;
    *)
        echo "usage: sh tests/run.sh [unit|lint|e2e|page|chaos|fuzz|compose]…" >&2
        exit 2
        ;;
    esac
done
rm -f "$build_root"/log/built.*."$$"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
