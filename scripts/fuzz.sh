#!/usr/bin/env bash
# Builds the fuzz targets with a stable compiler and runs each from a seed
# corpus of small valid files.
#
#     scripts/fuzz.sh              30 seconds each, two at a time
#     scripts/fuzz.sh 600 walk     one target, ten minutes
#
# Coverage guides the inputs, as in cargo-fuzz. Only the address sanitizer is missing,
# because it needs a nightly compiler. Needs a C++ compiler.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-30}
shift || true
targets=("$@")
if [ ${#targets[@]} = 0 ]; then
    targets=($(sed -n 's/^name = "\(.*\)"$/\1/p' fuzz/Cargo.toml | tail -n +2))
fi

target=${CARGO_TARGET_DIR:-target}/fuzz
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Coverflow-checks"
# In one unit the targets take twice as long to build, and run faster.
[ "$seconds" -lt 120 ] || RUSTFLAGS+=' -Ccodegen-units=1'
host=$(rustc -vV | sed -n 's/^host: //p')
# With --target, build scripts are not instrumented.
cargo build --locked --release --manifest-path fuzz/Cargo.toml --target "$host" --target-dir "$target"
unset RUSTFLAGS

corpus=$(mktemp -d)
trap 'rm -rf "$corpus"' EXIT
cargo run --quiet --locked --profile test --example make_corpus -- "$corpus/seeds"

fuzz() {
    mkdir -p "$corpus/$1"
    "$target/$host/release/$1" "$corpus/$1" "$corpus/seeds" -max_total_time="$seconds" \
        -rss_limit_mb=2048 -timeout=20 -artifact_prefix="$target/$1-" -print_final_stats=1 \
        >"$corpus/$1.log" 2>&1 || { tail -n 40 "$corpus/$1.log"; echo "fuzz target $1 failed"; return 1; }
    printf '%s: %s runs\n' "$1" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$corpus/$1.log")"
}
export -f fuzz
export corpus target host seconds
printf '%s\n' "${targets[@]}" | xargs -P 2 -I{} bash -c 'fuzz {}'
