#!/bin/sh
# Runs PostgreSQL for the workers: sh start.sh postgres OPTION…
# At the first start it makes the database "clerk" and the role "clerk" that owns it, with a random password that the workers find
# as a pgpass file in a folder that only they mount. Nobody else gets in over the network (pg_hba.conf). The operator:
#   docker-compose exec -u postgres postgres psql clerk
#   PGDATA           the volume; the password and the server's files lie in it side by side (/var/lib/postgresql/data)
#   POSTGRES_LOGIN   where the folder for the workers is (/run/login)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
volume=${PGDATA:-/var/lib/postgresql/data}
login=${POSTGRES_LOGIN:-/run/login}
container_user=10001 # as in common/Dockerfile
export PGDATA="$volume/main"

as_postgres() {
    setpriv --reuid postgres --regid postgres --init-groups "$@"
}

make_password() {
    [ -s "$volume/password" ] && return
    (umask 077 && od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$volume/password.new")
    sync "$volume/password.new" # the database will be, too
    mv "$volume/password.new" "$volume/password"
}

# Under another name until it is whole, so that a first start that is cut off is begun anew.
make_database() {
    [ -e "$PGDATA" ] && return
    rm -rf "$PGDATA.new"
    as_postgres initdb -D "$PGDATA.new" -U postgres -E UTF8 --locale=C.UTF-8 --data-checksums --auth-local=peer --auth-host=reject \
        >/dev/null
    as_postgres postgres --single -D "$PGDATA.new" postgres >/dev/null <<END
CREATE ROLE clerk LOGIN PASSWORD '$(cat "$volume/password")'
CREATE DATABASE clerk OWNER clerk
END
    mv "$PGDATA.new" "$PGDATA"
}

give_login() {
    mkdir -p "$login"
    (umask 077 && printf 'postgres:*:clerk:clerk:%s\n' "$(cat "$volume/password")" >"$login/pgpass.new")
    chown "$container_user" "$login/pgpass.new"
    mv "$login/pgpass.new" "$login/pgpass"
}

install -d -o postgres -g postgres "$volume" /var/run/postgresql
make_password
make_database
give_login
install -o postgres -g postgres -m 600 "$here/pg_hba.conf" "$PGDATA/pg_hba.conf"
exec setpriv --reuid postgres --regid postgres --init-groups "$@"
