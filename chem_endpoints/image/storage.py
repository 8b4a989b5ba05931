"""What an engine's storage holds."""

import json
from collections.abc import Mapping

from chem_endpoints.image.engine import Engine, EngineError


def labels(engine: Engine, reference: str) -> Mapping[str, str] | None:
    """Labels of a stored image; ``None``: there is no such image.

    Args:
        engine: whose storage is asked.
        reference: the image's name; no registry is asked for it.
    """
    question = ("inspect", "--type=image") if engine.name == "buildah" else ("image", "inspect")
    try:
        found = json.loads(engine.ask(*question, reference))
    except EngineError:
        return None
    config = found["OCIv1"]["config"] if engine.name == "buildah" else found[0]["Config"]
    return config.get("Labels") or {}
