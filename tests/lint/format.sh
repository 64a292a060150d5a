#!/bin/sh
# Layout is clang-format's business: every C file is as it would leave it.
set -eu
cd "$(dirname "$0")/../.."
find common ingest worker tests -name node_modules -prune -o \( -name '*.c' -o -name '*.h' \) -print0 | xargs -0 clang-format --dry-run -Werror
