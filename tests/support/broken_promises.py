"""Small bundles with a script of their own: a sound one, and for each promise of the check one that breaks it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from chem_endpoints.wire.bundle import write_bundle
from chem_endpoints.wire.bundle_contents import digests
from chem_endpoints.wire.manifest import Cell, GoldenRows
from server_processes import own_script_manifest

SOUND = '''
"""Predicts the length of a text; a text with a blank is no structure."""
import os, random
import pandas as pd

CALLS, KEPT = [], []

def model_fn(model_dir):
    loaded = None
    return loaded

def predict_fn(df, model):
    CALLS.append(len(df))
    texts = df["smiles"].tolist()
    reasons = ["invalid_smiles: no structure" if " " in text else "" for text in texts]
    out = df.assign(prediction=[float(len(text)) for text in texts], prediction_error=reasons)
    # here it breaks
    return out
'''

GOLDEN = ["CCO", "c1ccccc1O", "CC(=O)O", "CCN"]


@dataclass(frozen=True, kw_only=True)
class Break:
    """A change of the sound script.

    Attributes:
        checks: ids of the checks that must fail.
        others: ids of those that may fail too: the server cuts a request as its pace asks, so that a script which
            works over whole batches is caught by one check or another. All other checks must pass or be skipped.
        line: stands where the script breaks; may have several lines.
        added: stands at the script's end.
        loaded: what ``model_fn`` returns.
        max_ms: bound of the latency.
        files: what else lies in the bundle.
    """

    checks: frozenset[str]
    others: frozenset[str] = frozenset()
    line: str = "pass"
    added: str = ""
    loaded: str = "None"
    max_ms: float | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)


def source_of(broken: Break) -> str:
    """The script."""
    script = SOUND.replace("loaded = None", f"loaded = {broken.loaded}")
    return script.replace("    # here it breaks", f"    {broken.line}") + broken.added


def write_sound_bundle(folder: Path, broken: Break | None = None) -> Path:
    """Writes a bundle, sound or broken."""
    source = source_of(broken or Break(checks=frozenset()))
    files = {"code/inference.py": source.encode(), **(broken.files if broken else {})}
    answers: list[Cell] = [float(len(text)) for text in GOLDEN]
    golden = GoldenRows(input={"smiles": [*GOLDEN]}, output={"prediction": answers}, relative_tolerance=1e-6)
    manifest = own_script_manifest(source, golden=golden).model_copy(update={"files": digests(files)})
    write_bundle(folder / "model.tar.gz", manifest, files)
    return folder / "model.tar.gz"


COMPARING = frozenset({"order", "bad-rows", "repeat", "batches", "formats", "hostile", "restart"})
"""Checks that compare two answers."""

ASKING = COMPARING | {"start", "golden", "columns", "outputs", "reasons", "latency", "memory"}
"""Checks that ask for rows."""

BEYOND_GOLDEN = "len(out) != 4"
"""The golden rows are answered right, so that the server starts."""

BROKEN: Mapping[str, Break] = MappingProxyType(
    {
        "drops a row": Break(
            checks=frozenset({"order", "batches", "repeat"}),
            others=ASKING,
            line=f"out = out.iloc[:-1] if {BEYOND_GOLDEN} else out",
        ),
        "reverses the rows": Break(
            checks=frozenset({"order", "batches"}),
            others=COMPARING,
            line=f'if {BEYOND_GOLDEN}: out["prediction"] = out["prediction"].to_numpy()[::-1]',
        ),
        "sorts the rows": Break(
            checks=frozenset({"order", "batches"}),
            others=COMPARING,
            line=f'if {BEYOND_GOLDEN}: out = out.sort_values("smiles").reset_index(drop=True)',
        ),
        "centres over the request": Break(
            checks=frozenset({"batches", "bad-rows"}),
            others=COMPARING,
            line=f'if {BEYOND_GOLDEN}: out["prediction"] -= out["prediction"].mean()',
        ),
        "adds noise": Break(
            checks=frozenset({"repeat", "batches", "formats", "restart"}),
            others=COMPARING,
            line=f'if {BEYOND_GOLDEN}: out["prediction"] += random.random()',
        ),
        "adds noise at each start": Break(
            checks=frozenset({"restart"}),
            loaded="random.random()",
            line=f'out["prediction"] += [0 if text in {GOLDEN} else model for text in texts]',
        ),
        "answers golden rows at the start alone": Break(
            checks=frozenset({"golden"}),
            others=frozenset({"restart"}),
            line='out["prediction"] += 0.5 * (len(CALLS) > 1)',
        ),
        "predicts what is no structure": Break(checks=frozenset({"bad-rows"}), line='out["prediction_error"] = ""'),
        "repeats the structure": Break(
            checks=frozenset({"reasons"}),
            line='out["prediction_error"] = [reason and f"invalid_smiles: {t}" for reason, t in zip(reasons, texts)]',
        ),
        "is confused by a long neighbour": Break(
            checks=frozenset({"hostile"}), line='out["prediction"] += float(max(map(len, texts), default=0) > 10_000)'
        ),
        "needs a row": Break(
            checks=frozenset({"empty"}),
            added="""
from chem_endpoints.wire.codec import encode

def output_fn(prediction, accept):
    prediction["prediction"].iloc[0]
    return encode(prediction, accept, own_columns=prediction.shape[1] - 2), accept
""",
        ),
        "keeps every request": Break(checks=frozenset({"memory"}), line="KEPT.append(bytearray(b'x') * 2_000_000)"),
        "takes its time": Break(checks=frozenset({"latency"}), max_ms=20, line="__import__('time').sleep(0.05)"),
        "holds a pickle": Break(checks=frozenset({"bundle"}), files={"model.pkl": b"\x80\x04N."}),
        "cannot be loaded": Break(checks=frozenset({"start"}), loaded="[][0]"),
        "reads JSON otherwise": Break(
            checks=frozenset({"formats"}),
            added="""
from chem_endpoints.wire.codec import decode

def input_fn(body, content_type):
    data = body.encode() if isinstance(body, str) else body
    frame = decode(data, content_type)
    return frame.assign(smiles=frame["smiles"] + "C") if content_type == "application/json" else frame
""",
        ),
        "writes the caller's cells in capitals": Break(
            checks=frozenset({"columns"}),
            added="""
from chem_endpoints.wire.codec import encode

def output_fn(prediction, accept):
    own = prediction.shape[1] - 2
    for name in prediction.columns[:own]:
        if name == "own text":
            prediction[name] = prediction[name].str.upper()
    return encode(prediction, accept, own_columns=own), accept
""",
        ),
        "loses a row beside columns of the caller's": Break(
            checks=frozenset({"columns"}),
            added="""
from chem_endpoints.wire.codec import encode

def output_fn(prediction, accept):
    kept = prediction.iloc[:-1] if "own text" in prediction else prediction
    return encode(kept, accept, own_columns=kept.shape[1] - 2), accept
""",
        ),
        "loses a row of JSON": Break(
            checks=frozenset({"formats"}),
            added="""
from chem_endpoints.wire.codec import encode

def output_fn(prediction, accept):
    kept = prediction.iloc[:-1] if accept == "application/json" else prediction
    return encode(kept, accept, own_columns=kept.shape[1] - 2), accept
""",
        ),
        "adds a column for some rows": Break(
            checks=frozenset({"outputs"}),
            added="""
from chem_endpoints.wire.codec import encode

def output_fn(prediction, accept):
    if len(prediction) == 1:
        prediction["single"] = 1.0
    return encode(prediction, accept), accept
""",
        ),
    }
)
"""What is wrong → the bundle."""
