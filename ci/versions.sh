#!/usr/bin/env bash
# Does the library build with the oldest compiler that Cargo.toml states, and with the oldest version of each dependency that it allows? Looks at the package as it would be published.
#
# Needs rustup, and nightly to choose the oldest versions.
set -uo pipefail
cd "$(dirname "$0")/.."
source ci/support.sh

oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
compiler=$(rustup toolchain list 2>/dev/null | grep -o -m 1 "^$oldest[.-][^ ]*") ||
    not_available "no compiler $oldest (rustup toolchain install $oldest --profile minimal)"
need_nightly

# The folder of the unpacked package: nothing of the workspace is around it.
unpack() {
    target=$(mktemp -d)
    trap 'rm -rf "$target"' EXIT
    cargo package -p filch --no-verify --allow-dirty --quiet --target-dir "$target" || exit 1
    tar -xzf "$target"/package/filch-*.crate -C "$target"
    package=$(echo "$target"/filch-*/)
}

# build TITLE: the library, with and without its features.
build() {
    local title=$1
    check "$title" cargo "+$compiler" check --lib --quiet
    check "$title, all features" cargo "+$compiler" check --lib --quiet --all-features
}

unpack
cd "$package" || exit 1
build "Rust $oldest"
cargo +nightly update --quiet -Z minimal-versions || exit 1
build "Rust $oldest, oldest dependencies"
finish
