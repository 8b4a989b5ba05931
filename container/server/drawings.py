"""``POST /drawings``: structures as SVG, for the page at ``/``. They are drawn where models predict, in the workers."""

from pathlib import Path

from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.columns import DRAWING, SMILES
from chem_endpoints.wire.errors import OptionNotOfferedError
from chem_endpoints.wire.manifest import Feature, Manifest, Output
from container.server.prediction import Predictor
from container.server.script import load_script

SCRIPT = "drawings"
"""Of `model_scripts`."""

STRUCTURE = Feature(name=SMILES, dtype="text", description="structure of one compound")
OUTPUT = Output(name=DRAWING, dtype="text", description="the structure as it was sent, drawn: SVG")


def drawing_predictor(manifest: Manifest) -> Predictor:
    """Draws structures in the place of a model that reads them.

    Raises:
        OptionNotOfferedError: the model reads none, or its image cannot draw.
    """
    if not any(feature.name.casefold() == SMILES for feature in manifest.features):
        raise OptionNotOfferedError("this model reads no structures: there is nothing to draw")
    try:
        script = load_script(SCRIPT, Path())
    except BundleError as error:
        raise OptionNotOfferedError(f"structures cannot be drawn here: {error}") from None
    drawn = manifest.model_copy(update={"features": (STRUCTURE,), "outputs": (OUTPUT,), "on_request": {}})
    return Predictor(script=script, model=None, manifest=drawn)
