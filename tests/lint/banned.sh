#!/bin/sh
# What this project does without: unbounded or errno-ridden library calls, sleeping as synchronisation, unfinished business,
# files and functions too long to be read in one go.
set -u
cd "$(dirname "$0")/../.." || exit 1
unbounded='sprintf|vsprintf|strcpy|stpcpy|strcat|strtok|strtok_r|gets|alloca|tmpnam|mktemp'
# Tests may do these: what they read is their own, and an oracle has to differ from what it judges.
careless='atoi|atol|atoll|atof|strtol|strtoll|strtoul|strtoull|strtod|strncpy|strncat|scanf|sscanf|fscanf|system|popen|rand|srand'
found=0

# forbid WHY PATTERN FILE…: prints each line that matches.
forbid() {
    why=$1
    pattern=$2
    shift 2
    hits=$(grep -nE "$pattern" "$@" /dev/null)
    [ -n "$hits" ] || return 0
    echo "$hits" | sed "s|^|$why: |"
    found=1
}

all_c=$(find common ingest worker tests -name node_modules -prune -o -name '*.[ch]' -print)
our_c=$(find common ingest worker -name '*.[ch]')
test_c=$(find tests -name node_modules -prune -o -name '*.[ch]' -print)
e2e_py=$(find tests/e2e -name node_modules -prune -o -name '*.py' -print)
test_py=$(find tests -name node_modules -prune -o -name '*.py' -print)
scripts=$(find tests .ci common worker/page -name node_modules -prune -o \( -name '*.sh' -o -name '*.mjs' -o -name '*.js' -o -path .ci/run \) -type f -print)

# shellcheck disable=SC2046,SC2086 # lists of names without spaces
{
    forbid "banned function" "(^|[^A-Za-z0-9_])($unbounded)[[:space:]]*\(" $all_c
    forbid "banned function" "(^|[^A-Za-z0-9_])($careless)[[:space:]]*\(" $our_c
    forbid "sleep in a test" '(^|[^a-z_])(u|nano)?sleep[[:space:]]*\(' $test_c
    # The one place that may pause is the poll of wait.until(); tests/chaos measures with pauses and delays on purpose.
    forbid "sleep in a test" '(^|[^a-z_])sleep\(' $(echo "$e2e_py" | grep -v '/harness/wait\.py$')
    forbid "unfinished" '(^|[^A-Za-z])(TODO|FIXME|XXX|HACK)([^A-Za-z]|$)' \
        $(echo "$all_c $test_py $scripts" | tr ' ' '\n' | grep -v '^tests/lint/banned\.sh$')
    for file in $all_c $test_py $scripts; do
        lines=$(wc -l <"$file")
        [ "$lines" -le 300 ] || { echo "too long: $file has $lines lines (300 at most)" && found=1; }
    done
}
if command -v ctags >/dev/null; then
    long=$(find common ingest worker -name '*.c' -print0 | xargs -0 ctags --fields=+ne --kinds-C=f -o - | awk -F'\t' '{
        l = e = 0
        for (i = 4; i <= NF; i++) { if ($i ~ /^line:/) l = substr($i, 6); if ($i ~ /^end:/) e = substr($i, 5) }
        if (e - l + 1 > 60) print "too long: " $2 ": " $1 "() has " e - l + 1 " lines (60 at most)" }')
    [ -z "$long" ] || { echo "$long" && found=1; }
fi
exit "$found"
