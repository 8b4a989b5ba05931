"""Reading declarations costs no CDK."""

import subprocess
import sys


def test_loading_declarations_imports_no_cdk() -> None:
    code = "import sys, chem_endpoints.spec.loading; sys.exit('aws_cdk' in sys.modules or 'jsii' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
