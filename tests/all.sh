#!/usr/bin/env bash
# Runs all checks: formatting, lints, every test, the service against its specification, the
# documentation, and the dependencies.
# On a fresh Debian machine with Rust, it first installs the tools that the tests need.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

# The Debian packages that the tests use, by a command that each contains.
declare -A packages=([cc]=build-essential [kill]=procps [chromium]=chromium [chromedriver]=chromium-driver)

install_missing() {
    local missing=() sudo=()
    for command in "${!packages[@]}"; do
        type -P "$command" >/dev/null || missing+=("${packages[$command]}")
    done
    # This package contains no command.
    python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
    ((${#missing[@]})) || return 0
    [[ $EUID == 0 ]] || sudo=(sudo)
    "${sudo[@]}" apt-get update -qq
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# schemathesis and its dependencies, in fixed versions, in a virtual environment.
install_schemathesis() {
    local environment=target/schemathesis
    [[ -x $environment/bin/pip ]] || python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check -r tests/schema/requirements.txt
}

step 'tools'
install_missing
install_schemathesis

step 'formatting'
cargo fmt --check

step 'lints'
cargo clippy --locked --all-targets -- -D warnings

step 'tests'
# VIEWONCE_TEST_ALL makes a test fail instead of skipping itself when a tool is missing. Most tests
# mostly wait, so more threads than cores halve the time.
VIEWONCE_TEST_ALL=1 RUST_TEST_THREADS=4 cargo test --locked

step 'documentation'
RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --document-private-items

step 'dependencies'
# Without cargo-deny, only continuous integration builds it, because that takes some minutes.
if ! cargo deny --version >/dev/null 2>&1; then
    if [[ -z ${CI:-} ]]; then
        echo 'not checked, because cargo-deny is missing: cargo install --locked cargo-deny'
        exit 0
    fi
    cargo install --quiet --debug --locked cargo-deny@0.20.2
fi
cargo deny --locked check bans licenses sources
