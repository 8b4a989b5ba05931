"""What a model family brings to the training that all families share."""

from typing import Protocol

from model_scripts.inputs import Inputs
from model_scripts.member import Floats, Member
from model_scripts.task import Task


class Family(Protocol):
    """A way to fit a model.

    Attributes:
        script: model script that serves it.
        libraries: import names of the libraries that serving needs; the first one made the model.
        relative_tolerance: within which another machine must repeat the golden rows.
        settings: hyperparameters, for the manifest.
    """

    @property
    def script(self) -> str: ...
    @property
    def libraries(self) -> tuple[str, ...]: ...
    @property
    def relative_tolerance(self) -> float: ...
    @property
    def settings(self) -> dict[str, float | int | str | bool]: ...

    def fit(self, inputs: Inputs, targets: Floats, task: Task, *, seed: int) -> Member:
        """Fits one member.

        Args:
            inputs: the training rows.
            targets: float64 ``[rows, targets]``; NaN where a target of several was not measured. Positions of classes
                for a classification with one target, 0 and 1 for one with several.
            task: what is predicted.
            seed: decides every random choice; the same seed gives the same member.
        """
        ...

    def files(self, name: str, member: Member) -> dict[str, bytes]:
        """The bundle's files for a fitted member, by path; ``name`` is unique in the bundle, for example ``refit_0``.

        The same member gives the same bytes. No pickle.
        """
        ...
