#!/usr/bin/env bash
# Fetches llama.cpp's public test vocabularies and their test cases, 76 MB: files
# with only a tokenizer, and the expected token IDs of texts. They are part of the
# source package of llama-cpp-python. Nothing is built.
#
#     scripts/fetch-vocabularies.sh          leaves models/vocabularies/ggml-vocab-*
#     EMBCLI_MODELS=DIR scripts/...          leaves them in DIR/vocabularies instead
#
# Needs python3 with venv and pip, and temporarily about 300 MB of disk. It is safe
# to run again: existing vocabularies are verified and kept.
set -euo pipefail

package=llama_cpp_python-0.3.36
# The hash of the source package. pip checks it.
sha256=832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e
# The hash of the files taken from it: their names and contents, in order.
sha256_of_all=0558e50e64c158afc5dee2050fcbfab64a407c83f162c2a389c3bd599b850aa0
models=${EMBCLI_MODELS:-$(cd "$(dirname "$0")/.." && pwd)/models}
vocabularies=$models/vocabularies

die() {
    echo "fetch-vocabularies: $*" >&2
    exit 1
}

are_verified() {
    python3 - "$1" "$sha256_of_all" <<'PYTHON'
import hashlib, pathlib, sys
digest = hashlib.sha256()
for path in sorted(pathlib.Path(sys.argv[1]).glob("ggml-vocab-*")):
    digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
sys.exit(digest.hexdigest() != sys.argv[2])
PYTHON
}

command -v python3 >/dev/null || die "python3 is not on the PATH: install it first"

if [[ -d $vocabularies ]] && are_verified "$vocabularies"; then
    echo "$vocabularies exists and is verified"
    exit
fi
[[ ! -e $vocabularies ]] || echo "$vocabularies is damaged or incomplete: fetching it again"

mkdir -p "$models" || die "cannot make the directory $models"
# On the same disk as the result, so the last step is an atomic rename.
work=$(mktemp -d "$models/.fetch.XXXXXX") || die "cannot write to $models"
export TMPDIR=$work # for pip's temporary files too
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

python3 -m venv "$work/venv" >"$work/log" 2>&1 ||
    die "python3 -m venv failed (on Debian and Ubuntu: apt install python3-venv):
$(tail -n 3 "$work/log")"

# pip asks a source package for its name and version. To answer, this package would
# configure llama.cpp's whole build. This stub replaces its build system and answers
# at once.
mkdir -p "$work/stub/scikit_build_core"
cat >"$work/stub/scikit_build_core/build.py" <<'PYTHON'
import pathlib


def prepare_metadata_for_build_wheel(directory, config_settings=None):
    info = "llama_cpp_python-0.3.36.dist-info"
    path = pathlib.Path(directory, info)
    path.mkdir()
    path.joinpath("METADATA").write_text(
        "Metadata-Version: 2.1\nName: llama_cpp_python\nVersion: 0.3.36\n"
    )
    return info


def build_wheel(directory, config_settings=None, metadata_directory=None):
    raise NotImplementedError("only the source package is needed")
PYTHON
touch "$work/stub/scikit_build_core/__init__.py"

echo "Fetching $package with pip ..."
echo "llama-cpp-python==${package#*-} --hash=sha256:$sha256" >"$work/requirements"
PYTHONPATH=$work/stub "$work/venv/bin/python" -m pip download --quiet --no-cache-dir \
    --disable-pip-version-check --no-deps --no-binary :all: --no-build-isolation \
    --dest "$work" --requirement "$work/requirements" >"$work/log" 2>&1 ||
    die "pip could not download $package (no network?):
$(tail -n 3 "$work/log")"

"$work/venv/bin/python" - "$work" "$package" >"$work/log" 2>&1 <<'PYTHON' ||
import pathlib, shutil, sys, tarfile
work, package = pathlib.Path(sys.argv[1]), sys.argv[2]
(work / "vocabularies").mkdir()
with tarfile.open(work / f"{package}.tar.gz") as archive:
    for member in archive:
        place, _, name = member.name.rpartition("/")
        if place == f"{package}/vendor/llama.cpp/models" and name.startswith("ggml-vocab-"):
            with archive.extractfile(member) as source:
                with open(work / "vocabularies" / name, "wb") as target:
                    shutil.copyfileobj(source, target)
PYTHON
    die "could not extract the vocabularies from the package:
$(tail -n 3 "$work/log")"

are_verified "$work/vocabularies" ||
    die "the download is discarded: the SHA-256 of its files is not $sha256_of_all"
rm -rf "$vocabularies"
mv "$work/vocabularies" "$vocabularies"
echo "$vocabularies: verified"
