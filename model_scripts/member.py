"""One fitted model of an ensemble, whatever its family."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from model_scripts.inputs import Inputs

Floats = npt.NDArray[np.float64]


class Member(Protocol):
    """A fitted model."""

    def predict(self, inputs: Inputs) -> Floats:
        """Predictions float64 ``[rows, outputs]``, see `model_scripts.task.Task.outputs`; probabilities for classes.

        A row's numbers do not depend on the rows beside it.
        """
        ...
