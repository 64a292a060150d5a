#!/bin/sh
# Before Redis starts: sh mend.sh DATA_DIRECTORY
# A power cut may leave the last write of the append-only file torn. Where that was a transaction (each read of several entries by
# a worker is one), Redis cuts off its last, incomplete command alone and goes on behind a MULTI without EXEC; unless another
# transaction follows, its next start throws away all that was written since, events answered 200 included. redis-check-aof cuts
# before the MULTI. A file that is damaged anywhere but at its end is left to Redis, which refuses it, and to a person.
set -eu
manifest=$1/appendonlydir/appendonly.aof.manifest
longest_line=24 # of those that say how long something is: one of them may be torn, too
[ -e "$manifest" ] || exit 0
if ! command -v redis-check-aof >/dev/null; then
    echo "mend.sh: no redis-check-aof, the append-only file is taken as it is" >&2
    exit 0
fi
report=$(redis-check-aof "$manifest" 2>&1) && exit 0
size=$(printf '%s\n' "$report" | sed -n 's/^AOF analyzed: .* size=\([0-9]*\),.*/\1/p' | tail -n 1)
odd_at=$(printf '%s\n' "$report" | sed -n 's/^0x *\([0-9a-f]*\): Expected [^t].*/\1/p' | tail -n 1) # not "to read … bytes, got"
[ -n "$size" ] || exit 0
[ -z "$odd_at" ] || [ $((size - 0x$odd_at)) -le "$longest_line" ] || exit 0
echo "mend.sh: the torn end of the append-only file is cut off: $(printf '%s\n' "$report" | grep ok_up_to | tail -n 1)"
yes | redis-check-aof --fix "$manifest" >/dev/null 2>&1 || echo "mend.sh: in vain, Redis will say why" >&2
