"""Promise: the tables of docs/chemistry.md are those of the code."""

import re
from pathlib import Path

from pydantic import TypeAdapter

from chem_endpoints.cli.train_commands import FAMILIES
from chem_endpoints.wire.columns import INTERVALS
from model_scripts.feature_bundle import SCRIPTS
from model_scripts.training.sklearn_pipelines import SklearnSettings

PAGE = Path(__file__).parents[2] / "docs" / "chemistry.md"


def test_the_page_names_every_family_script_estimator_and_bound() -> None:
    text = PAGE.read_text()
    estimators = TypeAdapter(SklearnSettings).json_schema()["properties"]["estimator"]["enum"]
    missing = [name for name in (*FAMILIES, *SCRIPTS, *estimators) if name not in text]
    assert not missing
    assert {"q_025", "q_975"} <= {name for bounds in INTERVALS.values() for name in bounds}
    for family, image in FAMILIES.items():
        assert re.search(rf"^\| `{family}` .*\| {image} \|", text, re.MULTILINE), family
