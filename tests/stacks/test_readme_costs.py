"""Promise: what the README says that an idle endpoint costs is what its template costs by the price table."""

import re
from typing import Any

import pytest

from chem_endpoints.plan.cost import CostModel
from chem_endpoints.plan.prices import PRICES, load_prices
from chem_endpoints.plan.template import Template

TABLE = re.compile(r"^\| `(\w+)` \|.*\| (\d+\.\d\d) \|$", re.MULTILINE)
STACKS = {
    "realtime": "fixed-v1",
    "async": "async-v1",
    "inference_component": "component-v1",
    "serverless": "serverless-v1",
    "foundation": "foundation",
}


@pytest.mark.parametrize("kind", STACKS)
def test_the_idle_cost_of_each_kind(assembly: Any, root: Any, kind: str) -> None:
    told = dict(TABLE.findall((root / "README.md").read_text(encoding="utf-8")))
    costs = CostModel(prices=load_prices(PRICES), region="us-east-1")
    found = costs.cost(Template(body=assembly.template(STACKS[kind])))
    assert not found.unknown
    assert told[kind] == f"{found.idle:.2f}", [line.what for line in found.lines]
