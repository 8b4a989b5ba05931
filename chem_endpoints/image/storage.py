"""What an engine's storage holds."""

import json
from collections.abc import Mapping

from chem_endpoints.image.engine import Engine, EngineError


def labels(engine: Engine, reference: str) -> Mapping[str, str] | None:
    """Labels of a stored image; ``None``: there is no such image.

    Args:
        engine: whose storage is asked.
        reference: the image's name; no registry is asked for it.

    Raises:
        EngineError: it answered, but described no image.
    """
    question = ("inspect", "--type=image") if engine.name == "buildah" else ("image", "inspect")
    try:
        answer = engine.ask(*question, reference)
    except EngineError:
        return None
    try:
        found = json.loads(answer)
        config = found["OCIv1"]["config"] if engine.name == "buildah" else found[0]["Config"]
    except (ValueError, LookupError, TypeError) as error:
        told = f"{engine.name} inspect {reference}: its answer describes no image ({error!r})"
        raise EngineError(told) from None
    return (config or {}).get("Labels") or {}
