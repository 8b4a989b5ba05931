"""Trains ChemProp: a directed message-passing network (Heid et al. 2024, https://doi.org/10.1021/acs.jcim.3c01250)."""

import dataclasses
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field

from model_scripts.inputs import Inputs, MatrixColumn
from model_scripts.member import Floats, Member
from model_scripts.mpnn.conversion import from_mpnn
from model_scripts.mpnn.encoding import EncodedColumn, encode
from model_scripts.mpnn.fitting import Course, Examples, fitted, seeded
from model_scripts.mpnn.graphs import canonical_smiles
from model_scripts.mpnn.member import ChempropMember
from model_scripts.mpnn.network import Network
from model_scripts.task import Task
from model_scripts.training.missing_values import may_be_missing
from model_scripts.training.settings import Setting, read_settings
from model_scripts.training.table import TrainingError

Rate = Annotated[float, Field(gt=0, le=1)]


@dataclass(frozen=True, kw_only=True)
class ChempropSettings:
    """Hyperparameters.

    The defaults are chemprop's own, but for a narrower network, smaller batches and a higher rate: these predicted the
    validation parts of three random splits of ESOL (Delaney 2004) better, and a fit takes half the time.

    Attributes:
        epochs: passes over the training rows, always all of them: no row is held out to stop early.
        hidden: width of the message-passing layers.
        depth: message passing steps.
        ffn_hidden: width of the hidden layers of the feed-forward network.
        ffn_layers: their number.
        dropout: share of hidden units that is left out at each step.
        aggregation: sum over the atoms divided by 100 (``norm``), or their mean.
        batch_size: rows per step.
        initial_rate: learning rate of the first step.
        highest_rate: reached after ``warm_up_epochs``; it then falls exponentially.
        final_rate: learning rate of the last step.
        warm_up_epochs: epochs of rising learning rate.
        device: ``auto``: the GPU if there is one. A fit on a GPU does not repeat to the bit.
    """

    epochs: Annotated[int, Field(ge=1, le=10_000)] = 50
    hidden: Annotated[int, Field(ge=1, le=5_000)] = 200
    depth: Annotated[int, Field(ge=1, le=20)] = 3
    ffn_hidden: Annotated[int, Field(ge=1, le=5_000)] = 200
    ffn_layers: Annotated[int, Field(ge=1, le=10)] = 1
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    aggregation: Literal["norm", "mean"] = "norm"
    batch_size: Annotated[int, Field(ge=1, le=10_000)] = 32
    initial_rate: Rate = 1e-4
    highest_rate: Rate = 2e-3
    final_rate: Rate = 1e-4
    warm_up_epochs: Annotated[int, Field(ge=1, le=10_000)] = 2
    device: Literal["auto", "cpu", "cuda"] = "auto"


@dataclass(frozen=True, kw_only=True)
class ChempropFamily:
    """ChemProp, see `model_scripts.training.family.Family`.

    Layers and initial weights are chemprop's. Descriptors beside the molecules are standardised; a category becomes a
    column for each of its values; a column that may lack a value gets another one that says so.
    """

    hyperparameters: ChempropSettings = ChempropSettings()

    @classmethod
    def from_settings(cls, given: Mapping[str, Setting]) -> "ChempropFamily":
        """From ``name=value`` pairs; the rest is default.

        Raises:
            TrainingError: names the setting, what is allowed and the nearest name.
        """
        return cls(hyperparameters=read_settings(ChempropSettings, given, family="chemprop"))

    @property
    def script(self) -> str:
        return "chemprop_model"

    @property
    def libraries(self) -> tuple[str, ...]:
        return ("chemprop", "torch", "safetensors", "cuik_molmaker", "rdkit", "numpy")

    @property
    def relative_tolerance(self) -> float:
        return 1e-5

    @property
    def settings(self) -> dict[str, Setting]:
        return {**asdict(self.hyperparameters), "device": self._device}

    def fit(self, inputs: Inputs, targets: Floats, task: Task, *, seed: int) -> ChempropMember:
        """One network for all targets; a target that was not measured for a row is left out of the row's loss.

        Raises:
            TrainingError: there are no structures, or a target was measured for none of the rows.
        """
        if inputs.molecules is None:
            raise TrainingError("chemprop learns from structures: name the column that holds them")
        for name, measured in zip(task.targets, targets.T, strict=True):
            if np.isnan(measured).all():
                raise TrainingError(f"{name!r} was measured for none of the rows to train on")
        torch.set_num_threads(1)  # one thread: the same bits on every run
        columns = _encoded_columns(inputs)
        descriptors = torch.from_numpy(encode(columns, inputs.matrix))
        start = dataclasses.replace(self._start(descriptors, targets, task, seed), columns=columns).to(self._device)
        examples = Examples(
            smiles=canonical_smiles(inputs.molecules),
            descriptors=descriptors.to(self._device) if columns else None,
            targets=_scaled_targets(targets, task).to(self._device),
        )
        network = fitted(start, examples, self._course, seed=seed)
        return ChempropMember(network=network)

    def files(self, name: str, member: Member) -> dict[str, bytes]:
        """A safetensors file."""
        if not isinstance(member, ChempropMember):
            raise TypeError(f"a member of another family: {type(member).__name__}")
        return member.files(name)

    @property
    def _device(self) -> str:
        if self.hyperparameters.device != "auto":
            return self.hyperparameters.device
        return "cuda" if torch.cuda.is_available() else "cpu"

    @property
    def _course(self) -> Course:
        chosen = asdict(self.hyperparameters)
        return Course(**{field.name: chosen[field.name] for field in dataclasses.fields(Course)})

    def _start(self, descriptors: torch.Tensor, targets: Floats, task: Task, seed: int) -> Network:
        """The network before training: chemprop's initial weights, and the scales of descriptors and targets."""
        # Not at the top: these imports take seconds, and whoever only lists the families does not need them.
        from chemprop.models import MPNN
        from chemprop.nn import BondMessagePassing, MeanAggregation, NormAggregation
        from chemprop.nn.transforms import ScaleTransform

        chosen = self.hyperparameters
        with seeded(seed):
            passing = BondMessagePassing(d_h=chosen.hidden, depth=chosen.depth, dropout=chosen.dropout)
            aggregation = NormAggregation() if chosen.aggregation == "norm" else MeanAggregation()
            predictor = self._predictor(descriptors.shape[1], targets, task)
        scale = ScaleTransform(*_mean_and_scale(descriptors.double().numpy())) if descriptors.shape[1] else None
        return from_mpnn(MPNN(passing, aggregation, predictor, X_d_transform=scale)).network

    def _predictor(self, descriptors: int, targets: Floats, task: Task) -> Any:
        from chemprop.nn import BinaryClassificationFFN, MulticlassClassificationFFN, RegressionFFN
        from chemprop.nn.transforms import UnscaleTransform

        chosen = self.hyperparameters
        layers = {
            "input_dim": chosen.hidden + descriptors,
            "hidden_dim": chosen.ffn_hidden,
            "n_layers": chosen.ffn_layers,
            "dropout": chosen.dropout,
        }
        if task.kind == "regression":
            unscale = UnscaleTransform(*_mean_and_scale(targets))
            return RegressionFFN(n_tasks=len(task.targets), output_transform=unscale, **layers)
        if len(task.classes) > 2:
            return MulticlassClassificationFFN(n_classes=len(task.classes), **layers)
        return BinaryClassificationFFN(n_tasks=len(task.targets), **layers)


def _encoded_columns(inputs: Inputs) -> tuple[EncodedColumn, ...]:
    gaps = may_be_missing(inputs)
    return tuple(
        _encoded_column(column, inputs.matrix[:, number], number in gaps)
        for number, column in enumerate(inputs.columns)
    )


def _encoded_column(column: MatrixColumn, values: npt.NDArray[np.float32], gaps: bool) -> EncodedColumn:
    if column.categories:
        return EncodedColumn(categories=len(column.categories), gaps=gaps)
    known = values[~np.isnan(values)]
    return EncodedColumn(gaps=gaps, fill=float(np.mean(known, dtype=np.float64)) if gaps and len(known) else 0.0)


def _scaled_targets(targets: Floats, task: Task) -> torch.Tensor:
    if task.kind == "regression":
        mean, scale = _mean_and_scale(targets)
        targets = (targets - mean) / scale
    return torch.from_numpy(targets.astype(np.float32))


def _mean_and_scale(columns: Floats) -> tuple[Floats, Floats]:
    """Of each column float64 ``[columns]``, without its gaps; the scale of a constant one is 1."""
    mean, scale = np.nanmean(columns, axis=0), np.nanstd(columns, axis=0)
    return mean, np.where(scale > 1e-7 * np.abs(mean), scale, 1.0)  # less is rounding
