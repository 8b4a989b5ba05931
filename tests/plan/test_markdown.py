"""Promise: the page that a reviewer reads says everything once, in the order of its weight."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from chem_endpoints.plan.cost import CostModel
from chem_endpoints.plan.markdown import Header, markdown
from chem_endpoints.plan.prices import Prices
from chem_endpoints.plan.stack_plan import plan_stack
from chem_endpoints.plan.template import Template

Body = dict[str, Any]
Change = Callable[..., tuple[Template, Template]]
HEADER = Header(stage="prod", account="111122223333", region="us-east-1", compared_with="commit 1a2b3c4")


class Page(SingleFileSnapshotExtension):
    """One Markdown file per snapshot, as it would be posted."""

    file_extension = "md"
    _write_mode = WriteMode.TEXT


def another(resources: Body) -> None:
    """A larger machine, a new image, wider scaling, one permission more, one alarm less and one stricter."""
    resources["Config"]["Properties"]["ProductionVariants"][0]["InstanceType"] = "ml.m5.xlarge"
    container = resources["Model"]["Properties"]["PrimaryContainer"]
    container["Image"] = container["Image"].replace("a" * 64, "b" * 64)
    resources["Target"]["Properties"]["MaxCapacity"] = 6
    resources["Target"]["Properties"]["ScheduledActions"] = [
        {
            "ScheduledActionName": "office-opens",
            "Schedule": "cron(0 7 ? * MON-FRI *)",
            "Timezone": "Europe/Zurich",
            "ScalableTargetAction": {"MinCapacity": 2},
        }
    ]
    resources["Policy"]["Properties"]["PolicyDocument"]["Statement"].append(
        {"Action": "s3:PutObject", "Effect": "Allow", "Resource": "arn:aws:s3:::captured/*"}
    )
    resources["ErrorAlarm"]["Properties"]["Threshold"] = 0.5
    del resources["WakeAlarm"]


def test_the_page(body: Body, change: Change, prices: Prices, snapshot: SnapshotAssertion) -> None:
    costs = CostModel(prices=prices, region="us-east-1")
    old, new = change(body, another)
    plans = [
        plan_stack("ChemEndpoints-foundation", old=old, new=old, costs=costs),
        plan_stack("ChemEndpoints-logs-v1", old=old, new=new, costs=costs, rows_per_second=850),
        plan_stack("ChemEndpoints-new-v1", old=None, new=new, costs=costs),
        plan_stack("ChemEndpoints-old-v1", old=old, new=None, costs=costs),
    ]
    assert markdown(HEADER, plans, prices) == snapshot(extension_class=Page)


def test_nothing_to_do_is_one_sentence(body: Body, prices: Prices) -> None:
    costs = CostModel(prices=prices, region="us-east-1")
    template = Template(body=body)
    page = markdown(HEADER, [plan_stack("ChemEndpoints-a", old=template, new=template, costs=costs)], prices)
    assert page.splitlines()[2:5] == ["Nothing changes.", "", "Unchanged: a."]


def test_an_unknown_price_is_said_and_the_sum_is_called_too_small(body: Body, prices: Prices) -> None:
    costs = CostModel(prices=prices, region="eu-central-2")
    page = markdown(HEADER, [plan_stack("ChemEndpoints-a", old=None, new=Template(body=body), costs=costs)], prices)
    assert "**No price known for ml.m5.large in eu-central-2, give --prices FILE**; the sums lack it." in page
    assert "more than 0.00" in page


def test_no_cell_of_a_table_ends_early(body: Body, change: Change, prices: Prices) -> None:
    def pipes(resources: Body) -> None:
        resources["Role"]["Properties"]["Description"] = "a|b"

    costs = CostModel(prices=prices, region="us-east-1")
    old, new = change(body, pipes)
    page = markdown(HEADER, [plan_stack("ChemEndpoints-a", old=old, new=new, costs=costs)], prices)
    (row,) = [line for line in page.splitlines() if "IAM::Role" in line]
    assert row.replace("\\|", "").count("|") == 4


def test_the_snapshot_is_short_enough_to_read() -> None:
    (page,) = (Path(__file__).parent / "__snapshots__").rglob("*.md")
    assert len(page.read_text().splitlines()) <= 300
