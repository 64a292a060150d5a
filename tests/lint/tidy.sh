#!/bin/sh
# clang-tidy on every source file that is compiled. BUILD_DIR holds the compile_commands.json of a clang build.
set -eu
cd "$(dirname "$0")/../.."
build_dir=${BUILD_DIR:-build/clang}
[ -e "$build_dir/compile_commands.json" ] || {
    echo "tidy.sh: no $build_dir/compile_commands.json; configure with: cmake --preset clang"
    exit 1
}
# Headers are looked at through the sources that include them (HeaderFilterRegex in .clang-tidy). What goes to standard error
# is mostly the number of warnings in other people's headers. What this machine does not compile is left out (TLS without its library).
grep -o '"file": "[^"]*"' "$build_dir/compile_commands.json" | grep -oE '(common|ingest|worker)/[^"/]*\.c' | sort -u |
    xargs -n 1 -P 2 clang-tidy --quiet --warnings-as-errors='*' -p "$build_dir" 2>"$build_dir/tidy.err" || {
    grep -v 'warnings\{0,1\} generated' "$build_dir/tidy.err"
    exit 1
}
