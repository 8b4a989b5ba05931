"""Fits multilayer perceptrons on tables: regression and classification, of one target or of several."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import numpy as np
import numpy.typing as npt
import torch

from model_scripts.inputs import Inputs
from model_scripts.member import Floats, Member
from model_scripts.task import Task
from model_scripts.torch_mlp import CategoryColumn, Network, NumberColumn, Plan, network_inputs
from model_scripts.torch_model import TorchMember
from model_scripts.training.missing_values import may_be_missing
from model_scripts.training.mlp_training import TorchSettings, train
from model_scripts.training.settings import Setting, read_settings
from model_scripts.training.table import TrainingError


@dataclass(frozen=True, kw_only=True)
class TorchFamily:
    """Multilayer perceptrons, see `model_scripts.training.family.Family`.

    Numbers are standardised. A missing one is the mean together with a mark that says so, for each column that a
    training row lacked; a missing category is one more category. Everything runs in one thread of the CPU.
    """

    hyperparameters: TorchSettings = field(default_factory=TorchSettings)

    @classmethod
    def from_settings(cls, given: Mapping[str, Setting]) -> "TorchFamily":
        """From ``name=value`` pairs; the rest is default.

        Raises:
            TrainingError: names the setting, what is allowed and the nearest name.
        """
        return cls(hyperparameters=read_settings(TorchSettings, given, family="pytorch"))

    @property
    def script(self) -> str:
        return "torch_model"

    @property
    def libraries(self) -> tuple[str, ...]:
        return ("torch", "safetensors", "numpy")

    @property
    def relative_tolerance(self) -> float:
        return 1e-5

    @property
    def settings(self) -> dict[str, Setting]:
        return asdict(self.hyperparameters)

    def fit(self, inputs: Inputs, targets: Floats, task: Task, *, seed: int) -> TorchMember:
        """One network for all targets; a row counts for the targets that were measured.

        Raises:
            TrainingError: there is no column, or a target was measured for none of the rows.
        """
        plan = self._plan(inputs, targets, task)
        torch.set_num_threads(1)
        with torch.random.fork_rng(devices=[]):  # leaves the caller's random numbers as they were
            torch.manual_seed(seed)
            network = Network(plan)
            train(network, plan, network_inputs(plan, inputs.matrix), _scaled(plan, targets), self.hyperparameters)
        return TorchMember(network=network.eval(), plan=plan)

    def files(self, name: str, member: Member) -> dict[str, bytes]:
        """One safetensors file."""
        if not isinstance(member, TorchMember):
            raise TypeError(f"a member of another family: {type(member).__name__}")
        return member.files(name)

    def _plan(self, inputs: Inputs, targets: Floats, task: Task) -> Plan:
        if not inputs.columns:
            raise TrainingError("pytorch: there is no column to train on")
        unmeasured = [name for name, known in zip(task.targets, ~np.isnan(targets.T), strict=True) if not known.any()]
        if unmeasured:
            raise TrainingError(f"{unmeasured[0]!r} was measured for none of the rows to train on")
        optional = may_be_missing(inputs)
        regression = task.kind == "regression"
        return Plan(
            kind=task.kind,
            classes=len(task.classes),
            numbers=_number_columns(inputs),
            categories=_category_columns(inputs),
            complete=tuple(position for position in range(len(inputs.columns)) if position not in optional),
            target_means=tuple(np.nanmean(targets, axis=0).tolist()) if regression else (),
            target_sds=tuple((_spread(column) or 1.0) for column in targets.T) if regression else (),
            outputs=len(task.classes) if len(task.classes) > 2 else len(task.targets),
            width=self.hyperparameters.width,
            layers=self.hyperparameters.layers,
            dropout=self.hyperparameters.dropout,
        )


def _number_columns(inputs: Inputs) -> tuple[NumberColumn, ...]:
    return tuple(
        _number_column(position, inputs.matrix[:, position].astype(np.float64))
        for position, column in enumerate(inputs.columns)
        if not column.categories
    )


def _number_column(position: int, values: npt.NDArray[np.float64]) -> NumberColumn:
    known = values[~np.isnan(values)]
    return NumberColumn(
        position=position,
        mean=float(known.mean()) if len(known) else 0.0,
        sd=_spread(values),
        marked=len(known) < len(values),
    )


def _category_columns(inputs: Inputs) -> tuple[CategoryColumn, ...]:
    return tuple(
        CategoryColumn(position=position, categories=len(column.categories))
        for position, column in enumerate(inputs.columns)
        if column.categories
    )


def _spread(values: npt.NDArray[np.float64]) -> float:
    """Standard deviation of the values that are there; 0 if they are all one, whatever rounding makes of their mean."""
    known = values[~np.isnan(values)]
    return float(known.std()) if len(known) and known.min() < known.max() else 0.0


def _scaled(plan: Plan, targets: Floats) -> torch.Tensor:
    """What the network learns to answer, float32 ``[rows, targets]``: numbers in standard deviations, or classes."""
    if plan.kind == "regression":
        targets = (targets - np.array(plan.target_means)) / np.array(plan.target_sds)
    return torch.from_numpy(targets.astype(np.float32))
