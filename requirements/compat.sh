#!/usr/bin/env bash
# compat.sh            makes .venv-compat from requirements/compat.lock; does nothing when it already matches
# compat.sh --lock     resolves requirements/compat.lock anew
# compat.sh --lock DIR the same, onto the copy of it in DIR, without upgrading (lock.sh --check)
# Needs: .venv (setup.sh), whose uv and Python it uses.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
environment=".venv-compat"
uv=".venv/bin/uv"

lock() { # lock DIRECTORY [ARGUMENT...]
  local directory="$1"; shift
  "$uv" pip compile requirements/compat.in --universal --python-version 3.11 --no-header --no-annotate --quiet \
    --generate-hashes --output-file "$directory/compat.lock" "$@"
}

if [ "${1:-}" = --lock ]; then
  if [ -n "${2:-}" ]; then lock "$2"; else lock requirements --upgrade; fi
  exit
fi

stamp="$environment/.setup-stamp"
fingerprint="$(cat requirements/compat.sh requirements/compat.lock | cksum) $PWD"
[ -x "$environment/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$fingerprint" ] && exit 0
echo "compat: making $environment"
.venv/bin/python -m venv --clear --without-pip "$environment"
echo '*' >"$environment/.gitignore"
export VIRTUAL_ENV="$PWD/$environment" UV_PYTHON_DOWNLOADS=never
"$uv" pip install --quiet --no-deps --require-hashes -r requirements/compat.lock
echo "$fingerprint" >"$stamp"
