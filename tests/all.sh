#!/usr/bin/env bash
# Everything that is checked, in one command: formatting, lints, every test, the service against its
# specification, the documentation, and what the dependencies are.
# On a fresh Debian machine with Rust it installs what the tests need first.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

# The Debian packages that the tests use, by a command that each brings.
declare -A packages=([cc]=build-essential [kill]=procps [chromium]=chromium [chromedriver]=chromium-driver)

install_missing() {
    local missing=() sudo=()
    for command in "${!packages[@]}"; do
        type -P "$command" >/dev/null || missing+=("${packages[$command]}")
    done
    # This one brings no command.
    python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
    ((${#missing[@]})) || return 0
    [[ $EUID == 0 ]] || sudo=(sudo)
    "${sudo[@]}" apt-get update -qq
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# schemathesis and all that it needs, of fixed versions, into an environment of their own.
install_schemathesis() {
    local environment=target/schemathesis
    [[ -x $environment/bin/pip ]] || python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check -r tests/schema/requirements.txt
}

step 'what the tests need'
install_missing
install_schemathesis

step 'formatting'
cargo fmt --check

step 'lints'
cargo clippy --locked --all-targets -- -D warnings

step 'tests'
# With the first set, a test that would skip itself for want of something fails. Most wait for something
# most of the time: more of them at a time than there are cores take half as long.
VIEWONCE_TEST_ALL=1 RUST_TEST_THREADS=4 cargo test --locked

step 'documentation'
RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --document-private-items

step 'dependencies'
# Where there is no cargo-deny, it is built for continuous integration alone: it takes some minutes.
if ! cargo deny --version >/dev/null 2>&1; then
    if [[ -z ${CI:-} ]]; then
        echo 'not checked, for want of cargo-deny: cargo install --locked cargo-deny'
        exit 0
    fi
    cargo install --quiet --debug --locked cargo-deny@0.20.2
fi
cargo deny --locked check bans licenses sources
