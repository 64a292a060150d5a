#!/bin/sh
# Who may include what: each library is known to the few modules that wrap it, no header of ours shows a foreign one, and the
# two programs do not know each other. What both need of hiredis beyond its plain connections, TLS (and with it OpenSSL, to check
# the server's name) and sentinels, is wrapped once, in common/redis_tls.c and common/redis_sentinel.c.
set -u
cd "$(dirname "$0")/../.." || exit 1
found=0

complain() {
    echo "layering: $1"
    found=1
}

# header (as a pattern) and the sources that may include it (as a pattern)
table='openssl/ ^(ingest/signature[a-z_]*|common/redis_tls)\.c$
hiredis/(async|adapters/) ^ingest/queue_writer[a-z_]*\.c$
hiredis/hiredis\.h ^(ingest/queue_writer|worker/queue_|worker/ack_list|worker/redis_(link|reply)|common/redis_(sentinel|tls))[a-z_]*\.c$
hiredis/hiredis_ssl\.h ^common/redis_tls\.c$
(cjson/)?cJSON ^(worker/json_node|ingest/override)\.c$
sqlite3\.h ^worker/store_sqlite[a-z_]*\.c$
(postgresql/)?libpq-fe\.h ^worker/store_postgres[a-z_]*\.c$
(event2/|event\.h|evhttp\.h) ^(common/admin|ingest/)[a-z_]*\.c$'
libc='stdalign assert ctype errno fcntl fnmatch float inttypes limits locale malloc math poll pthread signal stdarg stdatomic stdbool stddef stdint stdio
stdlib string strings syslog termios time unistd getopt netdb dirent arpa/inet netinet/in netinet/tcp sys/epoll sys/file sys/queue sys/random
sys/resource sys/select sys/socket sys/stat sys/statfs sys/statvfs sys/time sys/types sys/uio sys/un sys/utsname sys/wait'

is_libc() {
    # shellcheck disable=SC2086 # a list
    for name in $libc; do
        [ "$1" != "$name.h" ] || return 0
    done
    return 1
}

check_foreign() {
    file=$1
    header=$2
    case $file in *.h) complain "$file is a header and includes <$header>; declare the type forward instead" && return ;; esac
    allowed=$(echo "$table" | while read -r pattern files; do
        echo "$header" | grep -qE "^$pattern" && echo "$file" | grep -qE "$files" && echo yes
    done)
    [ -n "$allowed" ] || complain "$file must not include <$header>"
}

check_own() {
    case "$1:$2" in
    common/*:ingest/* | common/*:worker/*) complain "$1 includes $2: common/ knows neither program" ;;
    ingest/*:worker/* | worker/*:ingest/*) complain "$1 includes $2: the programs share nothing but common/" ;;
    worker/apply*:worker/queue_reader*) complain "$1 includes $2: apply knows events and the store, not Redis" ;;
    *:common/* | *:ingest/* | *:worker/* | *:generated/*) ;;
    *) [ -e "$2" ] || [ -e "$(dirname "$1")/$2" ] || complain "$1 includes \"$2\", which is not named from the root" ;;
    esac
}

included() {
    sed -nE "s|^[[:space:]]*#[[:space:]]*include[[:space:]]*$1.*|\\1|p" "$2"
}

for file in $(find common ingest worker -name '*.[ch]' | sort); do
    for header in $(included "<([^>]+)>" "$file"); do
        is_libc "$header" || check_foreign "$file" "$header"
    done
    for header in $(included '"([^"]+)"' "$file"); do
        check_own "$file" "$header"
    done
done
exit "$found"
