"""A clone with declarations of its own, and the real CDK CLI that deploys it to a local AWS."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import yaml

from cdk_cli import CdkCli, with_node
from chem_endpoints.local.address import ACCOUNT, REGION, environment, find_running

CLONE = Path(__file__).parents[2]
SYNTH = """
    import json, sys
    from pathlib import Path
    from constructs_lib.node_runtime import use_bundled_node
    use_bundled_node()
    from aws_cdk import App
    from stacks.application import build_stacks
    app = App(outdir=sys.argv[2], analytics_reporting=False, context=json.loads(sys.argv[3]))
    build_stacks(app, root=Path(sys.argv[1]))
    app.synth()
"""


class CdkClone:
    """A folder that a local AWS serves, with one endpoint and a stage ``local``."""

    def __init__(self, root: Path, *, stage: dict[str, Any], serving: dict[str, Any]) -> None:
        self.root = root
        address = find_running(root)
        assert address is not None
        self.cdk = CdkCli(root, environment(address.port, root))
        place = {"account": ACCOUNT, "region": REGION, "log_retention_days": 7, "removal": "destroy"}
        declared = {
            "name": "logs-v1",
            "owner": "admet-platform",
            "model": {"artifact": "s3://models/model.tar.gz", "sha256": "a" * 64},
            "serving": {"kind": "realtime", "instance_type": "ml.c7i.large", **serving},
        }
        (root / "endpoints").mkdir()
        (root / "endpoints" / "logs-v1.yaml").write_text(yaml.safe_dump(declared))
        stages = {"local": {**place, "components_reach_zero_instances": True, **stage}}
        (root / "stages.yaml").write_text(yaml.safe_dump(stages))
        (root / "container" / "Dockerfile").write_text("FROM scratch AS base\n")
        (root / ".dockerignore").write_bytes((CLONE / ".dockerignore").read_bytes())

    def synthesize(self, folder: Path) -> Path:
        """Writes the cloud assembly of what is declared at present."""
        context = json.loads((CLONE / "cdk.json").read_text())["context"]
        command = [sys.executable, "-c", textwrap.dedent(SYNTH), self.root, folder, json.dumps(context)]
        subprocess.run(command, cwd=CLONE, env=with_node(self.cdk.environment), check=True)
        return folder

    def bootstrap(self) -> None:
        """Makes what every deployment by the CDK CLI needs."""
        self.cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}")
