"""Which image and which model each Model of a template runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chem_endpoints.plan.template import MODEL, Resource, Template, shown

MODEL_SHA256 = "CHEM_ENDPOINTS_MODEL_SHA256"


@dataclass(frozen=True, kw_only=True)
class Served:
    """What one Model runs.

    Attributes:
        image: the reference, with tag or digest.
        artifact: where ``model.tar.gz`` lies.
        model_sha256: the model digest; empty for a Model that does not check it.
    """

    image: str
    artifact: str
    model_sha256: str


@dataclass(frozen=True, kw_only=True)
class ServedChange:
    """A Model before and after; None where it is added or removed."""

    model: str
    old: Served | None
    new: Served | None


def served_changes(old: Template, new: Template) -> tuple[ServedChange, ...]:
    """The Models whose image or artifact is another one."""
    before, after = dict(_served(old)), dict(_served(new))
    return tuple(
        ServedChange(model=name, old=before.get(name), new=after.get(name))
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    )


def _served(template: Template) -> Iterator[tuple[str, Served]]:
    for model in template.of_type(MODEL):
        container = _container(model)
        data = container.get("ModelDataUrl") or container.get("ModelDataSource", {}).get("S3DataSource", {}).get(
            "S3Uri", ""
        )
        yield (
            model.logical_id,
            Served(
                image=shown(container.get("Image", "")),
                artifact=shown(data),
                model_sha256=shown(container.get("Environment", {}).get(MODEL_SHA256, "")),
            ),
        )


def _container(model: Resource) -> dict[str, Any]:
    single: dict[str, Any] | None = model.properties.get("PrimaryContainer")
    if single is not None:
        return single
    several: list[dict[str, Any]] = model.properties.get("Containers", [])
    return several[0] if several else {}
