#!/bin/sh
# Every shell script of the project, without a warning.
set -eu
cd "$(dirname "$0")/../.."
find .ci tests common -name node_modules -prune -o \( -name '*.sh' -o -path .ci/run \) -type f -print0 |
    xargs -0 shellcheck --external-sources
shellcheck --shell=bash common/packaging/completion/*
