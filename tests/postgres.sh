#!/bin/sh
# A PostgreSQL server of our own for tests: sh tests/postgres.sh start|stop|crash|resume DIR. DIR is made by start and removed by
# stop; crash ends the server at once and resume starts it again. It listens on a socket in DIR and nowhere else. As root it runs
# as the user postgres, for PostgreSQL refuses root.
# URL: postgres://clerk@/clerk?host=DIR
set -u
dir=${2:?usage: postgres.sh start|stop DIR}
bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin | sort -V | tail -n 1)

as_postgres() {
    if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

crash() {
    [ ! -f "$dir/data/postmaster.pid" ] || as_postgres "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null
}

resume() {
    as_postgres "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -o "-c listen_addresses='' -k $dir" start >/dev/null
}

stop() {
    crash
    rm -rf "$dir"
}

start() {
    [ -n "$bin" ] || { echo "no PostgreSQL server is installed (Debian: postgresql)" >&2 && return 1; }
    stop
    mkdir -p "$dir"
    [ "$(id -u)" != 0 ] || chown postgres "$dir"
    as_postgres "$bin/initdb" -D "$dir/data" -U clerk -A trust -E UTF8 --locale=C.UTF-8 >"$dir/../initdb.$$.log" 2>&1 || {
        cat "$dir/../initdb.$$.log" >&2
        return 1
    }
    rm -f "$dir/../initdb.$$.log"
    resume && "$bin/createdb" -h "$dir" -U clerk clerk
}

case $1 in
start | stop | crash | resume) "$1" ;;
*) echo "usage: postgres.sh start|stop|crash|resume DIR" >&2 && exit 2 ;;
esac
