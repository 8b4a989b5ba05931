"""What is deployed: a manifest and a model function, one after the other when there is a redeployment."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from chem_endpoints.local.faults.quick_answer import QuickModel
from chem_endpoints.wire.manifest import Feature, Manifest, model_digest

Model = Callable[[pd.DataFrame], pd.DataFrame]
"""The typed features of some rows → the declared outputs, one row each, and ``prediction_error`` for bad rows."""


class ModelCrashError(Exception):
    """Raised by a `Model` whose process dies."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """One model, as deployed.

    Attributes:
        manifest: its manifest.
        model: what predicts.
        at: seconds from which on it serves.
        reads: the features that it looks at; ``None``: all. The others are not even parsed (for benchmarks).
        quick: the same model for common requests, without the time that frames take.
    """

    manifest: Manifest
    model: Model
    at: float = 0.0
    reads: frozenset[str] | None = None
    quick: QuickModel | None = None

    @cached_property
    def manifest_bytes(self) -> bytes:
        """``manifest.json``."""
        return self.manifest.to_bytes()

    @cached_property
    def digest(self) -> str:
        """The model digest."""
        return model_digest(self.manifest_bytes)

    @cached_property
    def read_features(self) -> tuple[Feature, ...]:
        """The features that are parsed."""
        return tuple(one for one in self.manifest.features if self.reads is None or one.name in self.reads)


def serving_at(releases: Sequence[Release], now: float) -> Release:
    """The release that serves at a time; the earliest one does so from the beginning."""
    by_time = sorted(releases, key=lambda release: release.at)
    begun = [release for release in by_time if release.at <= now]
    return begun[-1] if begun else by_time[0]
