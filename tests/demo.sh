#!/bin/sh
# The whole way of a webhook on one machine, without Clerk: builds, starts Redis, clerk-ingest and clerk-worker, sends one signed
# event of every kind (and two that are odd), shows the rows, and keeps serving until Ctrl-C.
#   sudo sh tests/demo.sh [--once]        on a bare Debian 12; --once ends after showing
#   PORT         where webhooks arrive (default 3000)
#   BUILD_ROOT   build folders (default build)
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=tests/packages.sh
. tests/packages.sh

port=${PORT:-3000}
build=${BUILD_ROOT:-build}/release
wait_s=60
once=
[ "${1:-}" != --once ] || once=yes
directory=
pids=

say() { printf '\n== %s\n' "$*"; }

die() {
    echo "demo.sh: $*" >&2
    exit 1
}

# Stops what was started, last first, and waits for it; the directory goes too.
clean_up() {
    trap - EXIT INT TERM
    for pid in $pids; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    [ -z "$directory" ] || rm -rf "$directory"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Reads the kernel's own table: a bare Debian has neither ss nor netstat.
port_is_taken() {
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        awk -v port="$(printf ':%04X' "$1")" '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }'
}

free_port() {
    candidate=$1
    while port_is_taken "$candidate"; do
        candidate=$((candidate + 1))
    done
    echo "$candidate"
}

# wait_for WHAT COMMAND…: repeats the command until it succeeds, for at most wait_s seconds.
wait_for() {
    what=$1
    shift
    tries=$((wait_s * 10))
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || die "waited $wait_s s in vain for $what; see the logs: $(tail -n 3 "$directory"/*.log)"
        sleep 0.1
    done
}

start() {
    log=$directory/$1.log
    shift
    "$@" >"$log" 2>&1 &
    pids="$! $pids"
}

ask_redis() { redis-cli -p "$redis_port" "$@"; }
is_drained() { [ "$(ask_redis XLEN clerk:events)" = 0 ]; }
has_pong() { [ "$(ask_redis PING)" = PONG ]; }
query() { sqlite3 -readonly -cmd '.timeout 5000' "$@"; }

send() { "$build/ingest/clerk-ingest" send --url "http://127.0.0.1:$port/api/webhooks" "$@" >>"$directory/send.log" 2>&1; }

case $port in '' | *[!0-9]*) die "PORT must be a number, not \"$port\"" ;; esac
! port_is_taken "$port" || die "port $port is taken; choose another one: PORT=3001 sh tests/demo.sh"

say "packages and build"
# shellcheck disable=SC2086 # lists
install_packages $build_packages $demo_packages
directory=$(mktemp -d)
database=$directory/clerk.db
{
    [ -e "$build/CMakeCache.txt" ] || cmake --preset release -B "$build" -G Ninja -DBUILD_TESTING=OFF
    cmake --build "$build" --target clerk-ingest clerk-worker
} >"$directory/build.log" 2>&1 || die "the build failed: $(tail -n 20 "$directory/build.log")"
echo "clerk-ingest and clerk-worker are in $build"

say "Redis, clerk-ingest on port $port, one clerk-worker"
redis_port=$(free_port 6390)
CLERK_WEBHOOK_SIGNING_SECRET=whsec_$(head -c 24 /dev/urandom | base64)
REDIS_URL=redis://127.0.0.1:$redis_port/0
DATABASE_URL=sqlite:$database
INGEST_LISTEN=127.0.0.1:$port
INGEST_ADMIN_LISTEN=127.0.0.1:$(free_port 9100)
WORKER_ADMIN_LISTEN=127.0.0.1:$(free_port 9111)
export CLERK_WEBHOOK_SIGNING_SECRET REDIS_URL DATABASE_URL INGEST_LISTEN INGEST_ADMIN_LISTEN WORKER_ADMIN_LISTEN
mkdir "$directory/redis"
start redis redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$directory/redis" --save "" --appendonly yes \
    --appendfsync always --maxmemory-policy noeviction
wait_for "Redis" has_pong
start ingest "$build/ingest/clerk-ingest"
start worker "$build/worker/clerk-worker"
wait_for "clerk-ingest" "$build/ingest/clerk-ingest" --healthcheck
wait_for "clerk-worker" "$build/worker/clerk-worker" --healthcheck
echo "logs, database and Redis' files are in $directory"

say "one signed event of every kind, in causal order; then all but the deletes again, so that rows remain"
send --all || die "sending failed: $(tail -n 3 "$directory/send.log")"
# shellcheck disable=SC2046 # a list of types
send $(sed 's/\.json$//' ingest/samples/ORDER.txt | grep -v '\.deleted$')
echo "an event of a type that clerk-sync has never heard of, and one that cannot be applied"
send --override type=apiKey.created --override data.object=api_key permission.created
send --override data.id=42 user.created
wait_for "the backlog to be worked off" is_drained
tail -n 1 "$directory/send.log"

say "rows in each table"
empty=
for table in $(query "$database" "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid"); do
    count=$(query "$database" "SELECT count(*) FROM \"$table\"")
    case $table in worker_attempts) continue ;; esac # only while an event is under suspicion of killing its worker
    printf '%6s  %s\n' "$count" "$table"
    [ "$count" != 0 ] || empty="$empty $table"
done

say "some of them"
query -box "$database" "SELECT clerk_id, email, first_name, banned FROM users"
query -box "$database" "SELECT u.email, s.status, count(*) AS sessions FROM sessions s JOIN users u ON u.clerk_id = s.user_id
    GROUP BY u.email, s.status"
query -box "$database" "SELECT o.name AS organization, m.role, m.user_id FROM organization_memberships m
    JOIN organizations o ON o.clerk_id = m.organization_id"
query -box "$database" "SELECT outcome, count(*) AS events FROM webhook_events GROUP BY outcome"
query -box "$database" "SELECT type, substr(reason, 1, 60) AS reason FROM dead_letters"

say "Redis: the backlog, the group, the oldest entry waiting"
echo "redis-cli -p $redis_port XLEN clerk:events              $(ask_redis XLEN clerk:events)"
echo "redis-cli -p $redis_port XPENDING clerk:events workers  $(ask_redis XPENDING clerk:events workers | head -n 1)"
echo "redis-cli -p $redis_port XINFO GROUPS clerk:events"
echo "redis-cli -p $redis_port XRANGE clerk:events - + COUNT 1"

[ -z "$empty" ] || die "these tables are empty:$empty"
[ -z "$once" ] || exit 0
say "serving on http://127.0.0.1:$port/api/webhooks until Ctrl-C; to send more, in another terminal:"
echo "CLERK_WEBHOOK_SIGNING_SECRET=$CLERK_WEBHOOK_SIGNING_SECRET \\"
echo "    $build/ingest/clerk-ingest send --url http://127.0.0.1:$port/api/webhooks user.created"
echo "sqlite3 $database 'SELECT * FROM users'"
wait
