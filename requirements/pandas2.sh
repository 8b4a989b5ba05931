#!/usr/bin/env bash
# pandas2.sh            makes .venv-pandas2 from requirements/pandas2.lock; does nothing when it already matches
# pandas2.sh --lock     resolves requirements/pandas2.lock anew: the versions of full.lock, but the newest pandas 2
# pandas2.sh --lock DIR the same, onto the copy of it in DIR, without upgrading (lock.sh --check)
# Needs: .venv (setup.sh), whose uv and Python it uses. The library then runs from this folder, as in .venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
environment=".venv-pandas2"
uv=".venv/bin/uv"

lock() { # lock DIRECTORY [ARGUMENT...]
  local directory="$1"; shift
  local pinned; pinned="$(mktemp)"
  sed '/^pandas==/,/[^\\]$/d' "$directory/full.lock" >"$pinned"
  "$uv" pip compile pyproject.toml requirements/pandas2.in --extra server --extra chem --extra local --constraint "$pinned" \
    --universal --python-version 3.11 --no-header --no-annotate --quiet --generate-hashes \
    --output-file "$directory/pandas2.lock" "$@"
  rm -f "$pinned"
}

if [ "${1:-}" = --lock ]; then
  if [ -n "${2:-}" ]; then lock "$2"; else lock requirements --upgrade; fi
  exit
fi

stamp="$environment/.setup-stamp"
fingerprint="$(cat requirements/pandas2.sh requirements/pandas2.lock pyproject.toml | cksum) $PWD"
[ -x "$environment/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$fingerprint" ] && exit 0
echo "pandas2: making $environment"
.venv/bin/python -m venv --clear --without-pip "$environment"
echo '*' >"$environment/.gitignore"
export VIRTUAL_ENV="$PWD/$environment" UV_PYTHON_DOWNLOADS=never
"$uv" pip install --quiet --no-deps --require-hashes -r requirements/pandas2.lock
"$uv" pip install --quiet --no-deps --editable .
echo "$fingerprint" >"$stamp"
