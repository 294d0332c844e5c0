#!/bin/sh
# Compiles the workspace's own packages with the portable futex and pages, and leaves their dependencies alone:
#
#   RUSTC_WORKSPACE_WRAPPER="$PWD/ci/portable.sh" cargo test -p filch --tests
exec "$@" --cfg filch_portable
