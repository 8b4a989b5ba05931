"""The model card as a dict that people can read: where it is shown, it is a summary; every field stays in it."""

from html import escape
from typing import Any

from chem_endpoints.wire.manifest import FIGURES, Manifest

SHOWN_INPUTS = 8
"""Names of inputs that the summary writes; it counts the others."""
SHOWN_DIGEST = 12
"""Characters of a digest in the summary."""


class ModelCard(dict[str, Any]):
    """The fields of a model's manifest without its golden rows, and ``model_sha256``; shown as a short summary.

    It is a dict of JSON values for `json.dumps`, pickling and ``card["training"]["metrics"]``; only what Python and a
    notebook print of it is short: the whole of a card may be tens of thousands of characters.
    """

    @classmethod
    def of(cls, manifest: Manifest, digest: str) -> "ModelCard":
        """The card of a bundle with this manifest and this SHA-256."""
        return cls({"model_sha256": digest, **manifest.model_dump(mode="json", exclude={"golden"})})

    def lines(self) -> list[tuple[str, str]]:
        """The summary: what each line is about, and what it says."""
        told = [("model", f"{self['framework']}, {self['task']}, sha256 {self['model_sha256'][:SHOWN_DIGEST]}…")]
        told += [("predicts", _target(target)) for target in self["targets"]]
        told.append(("reads", _inputs([feature["name"] for feature in self["features"]])))
        if training := self["training"]:
            data = training["data_sha256"][:SHOWN_DIGEST]
            told.append(("trained on", f"{training['rows']:,} rows (sha256 {data}…), seed {training['seed']}"))
            told += [(f"{one['split']} split", _figures(one)) for one in training["metrics"]]
            told += [("90 % interval", _coverage(one)) for one in training["coverage"]]
        told.append(("libraries", ", ".join(f"{name} {version}" for name, version in self["libraries"].items())))
        told.append(("fields", ", ".join(self)))
        return told

    def __repr__(self) -> str:
        lines = self.lines()
        width = max(len(about) for about, _ in lines)
        return "\n".join(f"{about:<{width}}  {said}" for about, said in lines)

    def _repr_html_(self) -> str:
        """A table, for notebooks."""
        left = 'style="text-align: left"'
        rows = "".join(
            f"<tr><th {left}>{escape(about)}</th><td {left}>{escape(said)}</td></tr>" for about, said in self.lines()
        )
        return f"<table><tbody>{rows}</tbody></table>"


def _target(target: dict[str, Any]) -> str:
    unit = f" in {target['unit']}" if target["unit"] else ""
    return f"{target['name']}{unit}" + (f": {target['description']}" if target["description"] else "")


def _inputs(names: list[str]) -> str:
    more = len(names) - SHOWN_INPUTS
    return ", ".join(names[:SHOWN_INPUTS]) + (f" and {more} more" if more > 0 else "")


def _figures(metrics: dict[str, Any]) -> str:
    figures = ", ".join(f"{FIGURES[name]} {value:.3g}" for name, value in metrics["figures"].items())
    return f"{metrics['target']}: {figures} ({metrics['folds']} folds, {metrics['rows']:,} rows)"


def _coverage(coverage: dict[str, Any]) -> str:
    among = coverage["among"] + ("" if coverage["guaranteed"] else ", not guaranteed")
    return f"{coverage['target']}: held {coverage['covered']:.0%} of {coverage['rows']:,} rows, {among}"
