#!/usr/bin/env bash
# lock.sh           upgrade: resolve everything anew and rewrite the locks
# lock.sh --check   fail when a committed lock no longer follows from pyproject.toml
# The check resolves onto a copy of the committed locks, so a release upstream never changes its answer.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

compile() { # compile OUTPUT ARGUMENT...
  local output="$1"; shift
  .venv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --no-header --no-annotate --quiet \
    --generate-hashes --no-emit-package torch --output-file "$output" "$@"
}

# What pyproject.toml brings and no image imports: images call no AWS and build no packages. padelpy is
# a Java program, without the Java; what lists it works without.
client_only="boto3 botocore jmespath s3transfer urllib3"
absent_from_base="$client_only pyyaml tqdm"
absent_from_deep="$client_only padelpy setuptools"

without() { printf -- '--no-emit-package %s ' $1; } # without "PACKAGE PACKAGE": the arguments that leave them out

compile_all() { # compile_all DIRECTORY [ARGUMENT...]
  local directory="$1"; shift
  compile "$directory/full.lock" --all-extras "$@"
  compile "$directory/base.lock" --extra server --extra chem --constraint "$directory/full.lock" $(without "$absent_from_base") "$@"
  compile "$directory/deep.lock" --extra server --extra chem --extra deep --constraint "$directory/full.lock" $(without "$absent_from_deep") "$@"
  # The registry's torch for Linux is built for CUDA, so this lock holds it and NVIDIA's packages, with their hashes.
  .venv/bin/uv pip compile pyproject.toml --no-config --python-version 3.11 --python-platform x86_64-manylinux_2_28 \
    --no-header --no-annotate --quiet --generate-hashes --extra server --extra chem --extra deep \
    --constraint "$directory/deep.lock" $(without "$absent_from_deep") --output-file "$directory/deep-gpu.lock" "$@"
  if [ "$directory" = requirements ]; then
    requirements/pandas2.sh --lock
    requirements/compat.sh --lock
  else
    requirements/pandas2.sh --lock "$directory"
    requirements/compat.sh --lock "$directory"
  fi
}

if [ "${1:-}" = --check ]; then
  fresh="$(mktemp -d)"
  trap 'rm -rf "$fresh"' EXIT
  cp requirements/*.lock "$fresh"
  compile_all "$fresh"
  for lock in requirements/*.lock; do
    diff -u "$lock" "$fresh/$(basename "$lock")" >&2 \
      || { echo "$lock does not follow from pyproject.toml: run 'make lock' and commit the result" >&2; exit 1; }
  done
  for lock in requirements/*.lock package-lock.json; do # npm writes "funding" addresses: delete those entries
    if grep -n '://' "$lock" >&2; then echo "$lock holds an address; a lock must hold none" >&2; exit 1; fi
  done
else
  compile_all requirements --upgrade
fi
