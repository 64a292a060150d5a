#!/bin/sh
# The programs as they are installed: position independent, nothing to overwrite after the start, no executable stack, guarded
# frames, checked library calls; that core files are off is tested in tests/chaos. RELEASE_DIR: the build of the preset release.
set -eu
cd "$(dirname "$0")/../.."
build=${RELEASE_DIR:-build/release}
failed=0

# expect FILE WHAT COMMAND…: fails when the command does.
expect() {
    file=$1
    what=$2
    shift 2
    "$@" && return
    echo "$file: $what"
    failed=1
}

# shellcheck disable=SC2317 # called by expect
has() { echo "$1" | grep -q -- "$2"; }
# shellcheck disable=SC2317 # called by expect
lacks() { ! has "$1" "$2"; }

for file in "$build/ingest/clerk-ingest" "$build/worker/clerk-worker"; do
    if [ ! -x "$file" ]; then
        echo "$file is not built (cmake --preset release && cmake --build build/release)"
        exit 1
    fi
    header=$(readelf -hW "$file")
    segments=$(readelf -lW "$file")
    dynamic=$(readelf -dW "$file")
    symbols=$(readelf -sW "$file")
    expect "$file" "not position independent" has "$header" 'Type: *DYN'
    expect "$file" "not linked as PIE" has "$dynamic" 'FLAGS_1.*PIE'
    expect "$file" "the offset table stays writable (RELRO)" has "$segments" GNU_RELRO
    expect "$file" "symbols are bound lazily (BIND_NOW)" has "$dynamic" 'BIND_NOW\|FLAGS_1.*NOW'
    expect "$file" "the stack is executable" has "$segments" 'GNU_STACK.* RW '
    expect "$file" "a segment is writable and executable" lacks "$segments" 'LOAD.* RWE '
    expect "$file" "code and data share a segment" has "$segments" 'LOAD.* R E '
    expect "$file" "no stack protector" has "$symbols" __stack_chk_fail
    expect "$file" "no checked library calls (FORTIFY_SOURCE)" has "$symbols" '__[a-z]*printf_chk\|__mem[a-z]*_chk'
    expect "$file" "a search path for libraries" lacks "$dynamic" 'RPATH\|RUNPATH'
    for banned in strcpy strcat sprintf vsprintf gets strtok system popen tmpnam mktemp; do
        expect "$file" "calls $banned" lacks "$symbols" " $banned@"
    done
    if [ "$(uname -m)" = x86_64 ]; then
        code=$(objdump -d --no-show-raw-insn --disassemble=main "$file")
        expect "$file" "no control-flow protection" has "$code" endbr64
    fi
done
exit "$failed"
