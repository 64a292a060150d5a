#!/bin/sh
# Runs Redis with a user for each program: sh start.sh docker-entrypoint.sh redis-server OPTION…
# At the first start each user gets a random password. ingest and worker find theirs as a whole REDIS_URL in a folder that only
# they mount; the operator's stays in this container, where redis-cli uses it: docker-compose exec redis redis-cli XLEN clerk:events
#   REDIS_LOGINS   where the folders are (/run/logins)
#   REDIS_ADDRESS  what the programs shall connect to (redis:6379)
#   REDIS_CLI      where to put a redis-cli that logs in (/usr/local/sbin/redis-cli, before the real one in PATH)
#   REDIS_DATA     where Redis keeps its files (/data); a power cut may have torn their end, see mend.sh
set -eu
here=$(cd "$(dirname "$0")" && pwd)
logins=${REDIS_LOGINS:-/run/logins}
address=${REDIS_ADDRESS:-redis:6379}
cli=${REDIS_CLI:-/usr/local/sbin/redis-cli}
container_user=10001 # as in common/Dockerfile

make_login() {
    mkdir -p "$logins/$1"
    [ -s "$logins/$1/redis_url" ] && return
    password=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
    (umask 077 && printf 'redis://%s:%s@%s/0' "$1" "$password" "$address" >"$logins/$1/redis_url.new")
    [ "$(id -u)" != 0 ] || chown "$container_user" "$logins/$1/redis_url.new"
    mv "$logins/$1/redis_url.new" "$logins/$1/redis_url"
}

password_of() {
    sed 's,^redis://[^:]*:\([^@]*\)@.*$,\1,' "$logins/$1/redis_url"
}

mkdir -p "$logins"
cp "$here/users.acl" "$logins/users.acl"
for user in ingest worker operator; do
    make_login "$user"
    hash=$(printf '%s' "$(password_of "$user")" | sha256sum | cut -d ' ' -f 1)
    sed -i "/^#/d; s/%$user%/$hash/" "$logins/users.acl"
done
chmod 0644 "$logins/users.acl" # hashes only; Redis does not run as root

if [ ! -e "$cli" ]; then
    real=$(command -v redis-cli)
    cat >"$cli" <<END
#!/bin/sh
REDISCLI_AUTH=\$(sed 's,^redis://[^:]*:\\([^@]*\\)@.*\$,\\1,' "$logins/operator/redis_url")
export REDISCLI_AUTH
exec "$real" --user operator "\$@"
END
    chmod 0755 "$cli"
fi

sh "$here/mend.sh" "${REDIS_DATA:-/data}"
exec "$@" --aclfile "$logins/users.acl"
