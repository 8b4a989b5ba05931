"""The CDK app. ``cdk synth -c stage=NAME -c endpoints=FOLDER``; see `stacks.application`."""

import sys
from pathlib import Path

from chem_endpoints.spec.image_source import ImageSourceError
from chem_endpoints.spec.violation import DeclarationError
from constructs_lib.node_runtime import NodeMissingError, use_bundled_node


def main() -> None:
    """Writes the cloud assembly, or says everything that is wrong and exits with status 1."""
    try:
        use_bundled_node()
        # Importing CDK starts Node.js, so it must come after the line above.
        from aws_cdk import App

        from stacks.application import build_stacks

        app = App(analytics_reporting=False)
        build_stacks(app, root=Path(__file__).resolve().parent)
    except (DeclarationError, ImageSourceError, NodeMissingError) as error:
        sys.exit(str(error))
    app.synth()


if __name__ == "__main__":
    main()
