# SPDX-License-Identifier: BSD-2-Clause
# Sourced by the checks in this folder: results as TAP. Each test is a function whose name is its sentence.
set -euo pipefail

TAP_FAILED=0
TAP_NUMBER=0

tap_line() {
    local good=$1 name=${2//_/ }
    TAP_NUMBER=$((TAP_NUMBER + 1))
    echo "$good $TAP_NUMBER - ${name#test }${3:-}"
}

# tap_run TEST...: each in a subshell that its first failing command ends. What it says shows, as comments, when it fails.
tap_run() {
    local test said status
    for test; do
        # Behind "||" or "if" bash would forget "set -e".
        set +e
        said=$(
            set -e
            "$test" 2>&1
        )
        status=$?
        set -e
        if [ $status -eq 0 ]; then
            tap_line ok "$test"
        else
            TAP_FAILED=1
            tap_line 'not ok' "$test"
            sed 's/^/# /' <<<"$said"
        fi
    done
}

tap_skip() {
    local reason=$1 test
    shift
    for test; do tap_line ok "$test" " # SKIP $reason"; done
}

tap_end() {
    echo "1..$TAP_NUMBER"
    exit $TAP_FAILED
}

# equal WANTED GOT
equal() {
    [ "$1" = "$2" ] && return 0
    printf 'wanted: %s\ngot:    %s\n' "$1" "$2"
    return 1
}
