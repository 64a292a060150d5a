#!/bin/sh
# A PostgreSQL server of our own for tests: sh tests/postgres.sh start|stop|crash|resume|launch|follow|promote DIR. DIR is made by
# start and removed by stop; crash ends the server at once and resume starts it again, launch without waiting until it is ready.
# follow DIR PRIMARY makes a hot standby of the server in PRIMARY, and promote makes it a primary. It listens on a socket in DIR and nowhere else. As root it runs
# as the user postgres, for PostgreSQL refuses root. POSTGRES_LISTEN=ADDRESS: there too, and trusts whoever comes.
# URL: postgres://clerk@/clerk?host=DIR
set -u
dir=${2:?usage: postgres.sh start|stop DIR}
primary=${3:-}
bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin | sort -V | tail -n 1)

as_postgres() {
    if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

crash() {
    [ ! -f "$dir/data/postmaster.pid" ] || as_postgres "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null
}

# begin -w|-W
begin() {
    as_postgres "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" "$1" -o "-c listen_addresses='${POSTGRES_LISTEN:-}' -k $dir" start >/dev/null
}

resume() {
    begin -w
}

launch() {
    begin -W
}

promote() {
    as_postgres "$bin/pg_ctl" -D "$dir/data" -w promote >/dev/null
}

own_folder() {
    stop
    mkdir -p "$dir"
    [ "$(id -u)" != 0 ] || chown postgres "$dir"
}

follow() {
    own_folder
    as_postgres "$bin/pg_basebackup" -h "$primary" -U clerk -D "$dir/data" -R -c fast && resume
}

stop() {
    crash
    rm -rf "$dir"
}

start() {
    [ -n "$bin" ] || { echo "no PostgreSQL server is installed (Debian: postgresql)" >&2 && return 1; }
    own_folder
    as_postgres "$bin/initdb" -D "$dir/data" -U clerk -A trust -N -E UTF8 --locale=C.UTF-8 >"$dir/../initdb.$$.log" 2>&1 || {
        cat "$dir/../initdb.$$.log" >&2
        return 1
    }
    rm -f "$dir/../initdb.$$.log"
    [ -z "${POSTGRES_LISTEN:-}" ] || echo "host all all all trust" >>"$dir/data/pg_hba.conf"
    resume && "$bin/createdb" -h "$dir" -U clerk clerk
}

case $1 in
start | stop | crash | resume | launch | follow | promote) "$1" ;;
*) echo "usage: postgres.sh start|stop|crash|resume|launch|follow|promote DIR" >&2 && exit 2 ;;
esac
