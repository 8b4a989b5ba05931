"""Why a structure has no ensemble of conformers."""

from chem_endpoints.wire.columns import Reason


class NoEnsembleError(ValueError):
    """A structure without 3D values; ``args[0]`` is a ``prediction_error`` cell that quotes no structure.

    Attributes:
        status: the word for ``desc3d_status``, for example ``skip:rings``; the cell ends with it, since a row with an
            error comes back without its outputs.
    """

    def __init__(self, reason: Reason, text: str, *, status: str) -> None:
        super().__init__(reason.because(f"{text} ({status})"))
        self.status = status
