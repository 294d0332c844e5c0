# What the scripts here share. Sourced, from the root of the workspace.

failed=()

# Nothing was found, since nothing could be looked for.
not_available() {
    printf 'not available here: %s\n' "$*"
    exit 0
}

need_nightly() {
    cargo +nightly --version >/dev/null 2>&1 || not_available "no nightly compiler"
}

# need_component NAME FILE: the file below nightly's folder shows that the component is there.
need_component() {
    [ -e "$(rustc +nightly --print sysroot)/$2" ] || not_available "nightly has no component $1"
}

host() {
    rustc +nightly --version --verbose | sed -n 's/^host: //p'
}

# The names of the test programs in `tests`.
behaviour_tests() {
    local file
    for file in tests/*.rs; do
        basename "$file" .rs
    done
}

# is_one_of WORD WORDS…
is_one_of() {
    local word=$1 other
    shift
    for other in "$@"; do
        [ "$word" = "$other" ] && return 0
    done
    return 1
}

# is_wanted NAME WORDS…: no words, or one of them is in the name.
is_wanted() {
    local name=$1 word
    shift
    [ $# -eq 0 ] && return 0
    for word in "$@"; do
        [[ $name == *$word* ]] && return 0
    done
    return 1
}

# check NAME COMMAND…: runs it, and goes on if it fails.
check() {
    local name=$1 start=$SECONDS
    shift
    printf '==> %s\n' "$name"
    if "$@"; then
        printf '==> %s: nothing found, %s s\n' "$name" "$((SECONDS - start))"
    else
        printf '==> %s: FAILED\n' "$name"
        failed+=("$name")
    fi
}

finish() {
    [ ${#failed[@]} -eq 0 ] && exit 0
    printf 'failed: %s\n' "${failed[*]}"
    exit 1
}
