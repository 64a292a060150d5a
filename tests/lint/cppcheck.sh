#!/bin/sh
# A second static analyser, with other ideas than clang-tidy's.
set -eu
cd "$(dirname "$0")/../.."
cppcheck --std=c11 --enable=warning,performance,portability --inline-suppr --suppress=missingIncludeSystem --quiet \
    --error-exitcode=1 --template=gcc -j 2 -I . -DCLERK_VERSION='"0"' common ingest worker
