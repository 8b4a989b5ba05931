"""How an update replaces the running instances, and what undoes it.

Sources: "Deployment guardrails for updating models in production" (SageMaker developer guide); "BlueGreenUpdatePolicy",
"RollingUpdatePolicy", "InferenceComponentDeploymentConfig" (SageMaker API reference).
"""

from math import ceil
from typing import Literal, Self

from pydantic import Field, model_validator

from chem_endpoints.spec.strict_model import StrictModel, refusal

Strategy = Literal["all_at_once", "canary", "linear", "rolling"]
"""``canary``: one share first, then the rest; ``linear``: equal shares; ``rolling``: batches of instances in place."""

MIN_INSTANCES_TO_SPLIT = 2
"""A canary, a linear step and a rolling batch are at most half of the instances."""


_STEP_SECONDS = 1200
"""Time for the instances of one step to start."""

_LONGEST_SECONDS = 28_800
_SHORTEST_SECONDS = 600
"""What AWS accepts for a whole update."""


class Deployment(StrictModel):
    """An update that watches the alarms and goes back by itself."""

    strategy: Strategy
    """all_at_once, canary, linear or rolling."""
    percent: int = Field(default=50, ge=10, le=50)
    """Size of the canary, of a linear step or of a rolling batch, in percent of the instances; default 50. Ignored by
    all_at_once."""
    wait_minutes: int = Field(default=5, ge=2, le=60)
    """Minutes after each step in which the alarms are watched; default 5."""

    @property
    def splits(self) -> bool:
        """Whether part of the instances runs the new model while the rest runs the old one."""
        return self.strategy != "all_at_once"

    @property
    def wait_seconds(self) -> int:
        """`wait_minutes` in seconds."""
        return 60 * self.wait_minutes

    @property
    def steps(self) -> int:
        """In how many steps the instances are replaced."""
        return {"all_at_once": 1, "canary": 2}.get(self.strategy, ceil(100 / self.percent))

    def longest_seconds(self, termination_seconds: int) -> int:
        """Seconds after which AWS gives the update up.

        Args:
            termination_seconds: how long the old instances stay after the last step.
        """
        needed = self.steps * (self.wait_seconds + _STEP_SECONDS) + termination_seconds
        return min(max(needed, _SHORTEST_SECONDS), _LONGEST_SECONDS)

    @model_validator(mode="after")
    def _ends_in_time(self) -> Self:
        waits = self.steps * self.wait_minutes
        if 60 * waits > _LONGEST_SECONDS // 2:
            raise refusal(
                f"waits {waits} minutes in all ({self.steps} steps), and AWS gives an update up after 8 hours, starts "
                "of instances included; lower wait_minutes, or raise percent"
            )
        return self


class ComponentDeployment(Deployment):
    """Copies of an inference component are replaced in batches; AWS offers nothing else for them."""

    strategy: Literal["rolling"] = "rolling"
    """``rolling``."""
