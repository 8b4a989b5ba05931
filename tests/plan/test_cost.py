"""Promise: costs are what a hand computes from the table: 730 hours, 2 628 000 seconds a month."""

from typing import Any

import pytest

from chem_endpoints.plan.capacity import capacities
from chem_endpoints.plan.cost import CostModel
from chem_endpoints.plan.prices import PRICES, Prices, PricesError, load_prices
from chem_endpoints.plan.template import Template
from chem_endpoints.spec.instance_types import instances

Body = dict[str, Any]


@pytest.fixture
def costs(prices: Prices) -> CostModel:
    return CostModel(prices=prices, region="us-east-1")


def test_instances_between_their_bounds_and_alarms(body: Body, costs: CostModel) -> None:
    found = costs.cost(Template(body=body))
    # 1 to 4 x 0.10 x 730, and two alarms at 0.10 each.
    assert found.idle == pytest.approx(73 + 0.2)
    assert found.maximum == pytest.approx(292 + 0.2)
    assert found.unknown == ()


def test_a_fixed_fleet_costs_its_initial_instances(body: Body, costs: CostModel) -> None:
    del body["Resources"]["Target"]
    found = costs.cost(Template(body=body))
    assert found.idle == found.maximum == pytest.approx(2 * 73 + 0.2)


def test_an_endpoint_that_sleeps_costs_its_alarms_only(body: Body, costs: CostModel) -> None:
    body["Resources"]["Target"]["Properties"]["MinCapacity"] = 0
    assert costs.cost(Template(body=body)).idle == pytest.approx(0.2)


def test_a_shadow_variant_costs_as_much_as_any(body: Body, costs: CostModel) -> None:
    config = body["Resources"]["Config"]["Properties"]
    config["ShadowProductionVariants"] = [
        {"VariantName": "shadow", "InstanceType": "ml.m5.xlarge", "InitialInstanceCount": 1}
    ]
    # One instance at 0.20 x 730 more.
    assert costs.cost(Template(body=body)).idle == pytest.approx(73 + 146 + 0.2)


def test_components_cost_the_instances_that_sagemaker_may_run(body: Body, costs: CostModel) -> None:
    (variant,) = body["Resources"]["Config"]["Properties"]["ProductionVariants"]
    del variant["ModelName"]
    variant["ManagedInstanceScaling"] = {"Status": "ENABLED", "MinInstanceCount": 0, "MaxInstanceCount": 3}
    del body["Resources"]["Target"]
    found = costs.cost(Template(body=body))
    assert found.idle == pytest.approx(0.2)
    assert found.maximum == pytest.approx(3 * 73 + 0.2)


def serverless(body: Body, **config: int) -> None:
    (variant,) = body["Resources"]["Config"]["Properties"]["ProductionVariants"]
    del variant["InstanceType"], variant["InitialInstanceCount"], body["Resources"]["Target"]
    variant["ServerlessConfig"] = {"MemorySizeInMB": 2048, "MaxConcurrency": 5, **config}


def test_serverless_costs_nothing_idle_and_all_its_seconds_at_most(body: Body, costs: CostModel) -> None:
    serverless(body)
    found = costs.cost(Template(body=body))
    assert found.idle == pytest.approx(0.2)
    # 5 at a time x 2 GiB x 2 628 000 s x 0.00002.
    assert found.maximum == pytest.approx(525.6 + 0.2)


def test_provisioned_concurrency_costs_while_idle(body: Body, costs: CostModel) -> None:
    serverless(body, ProvisionedConcurrency=2)
    found = costs.cost(Template(body=body))
    # 2 x 2 GiB x 2 628 000 s x 0.000005.
    assert found.idle == pytest.approx(52.56 + 0.2)
    # That, the two while they work at 0.00001, and the three others on demand at 0.00002.
    assert found.maximum == pytest.approx(52.56 + 105.12 + 315.36 + 0.2)


def test_what_is_not_sagemaker(body: Body, costs: CostModel) -> None:
    resources = body["Resources"]
    before = costs.cost(Template(body={"Resources": dict(resources)})).idle
    resources["Dashboard"] = {"Type": "AWS::CloudWatch::Dashboard", "Properties": {}}
    resources["Key"] = {"Type": "AWS::KMS::Key", "Properties": {}}
    resources["Door"] = {
        "Type": "AWS::EC2::VPCEndpoint",
        "Properties": {"VpcEndpointType": "Interface", "SubnetIds": ["a", "b"]},
    }
    resources["Gateway"] = {"Type": "AWS::EC2::VPCEndpoint", "Properties": {"VpcEndpointType": "Gateway"}}
    resources["Fast"] = {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "Metrics": [
                {"Id": "percent", "Expression": "part / whole"},
                {"Id": "part", "MetricStat": {"Period": 10}},
                {"Id": "whole", "MetricStat": {"Period": 60}},
            ]
        },
    }
    # A dashboard 3, a key 1, two zones at 7.30, one metric every 10 s 0.30 and one every 60 s 0.10.
    assert costs.cost(Template(body=body)).idle - before == pytest.approx(3 + 1 + 14.6 + 0.4)


def test_a_million_rows(body: Body, costs: CostModel) -> None:
    capacity = capacities(Template(body=body))["logs-v1"]
    rate = costs.rate(capacity, 100)
    assert rate is not None
    # 10 000 s of an instance at 0.10 an hour.
    assert rate.per_million_rows == pytest.approx(0.27777, rel=1e-4)


def test_a_million_rows_serverless(body: Body, costs: CostModel) -> None:
    serverless(body)
    rate = costs.rate(capacities(Template(body=body))["logs-v1"], 100)
    assert rate is not None
    # 10 000 s x 2 GiB x 0.00002.
    assert rate.per_million_rows == pytest.approx(0.4)


def test_an_unknown_price_is_said_and_never_guessed(body: Body, prices: Prices) -> None:
    found = CostModel(prices=prices, region="eu-central-2").cost(Template(body=body))
    assert found.unknown == ("no price known for ml.m5.large in eu-central-2, give --prices FILE",)
    assert found.lines == ()


def test_the_projects_table_is_dated_and_prices_only_types_that_exist() -> None:
    table = load_prices()
    assert (table.date, table.currency) == ("2026-11-22", "USD")
    priced = {name for group in table.regions["us-east-1"].instance_hours for name in group.prices}
    assert priced <= set(instances())
    assert {"ml.c7i.large", "ml.m5.large", "ml.g5.xlarge"} <= priced


def test_no_type_is_priced_twice() -> None:
    groups = load_prices().regions["us-east-1"].instance_hours
    names = [name for group in groups for name in group.prices]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("text", ["", "[", "date: x", PRICES.read_text().replace("dashboard: 3.00", "dashboard: dear")])
def test_a_table_that_is_none_is_refused_by_name(tmp_path: Any, text: str) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(text)
    with pytest.raises(PricesError, match=r"own\.yaml"):
        load_prices(file)


def test_a_table_that_is_not_there(tmp_path: Any) -> None:
    with pytest.raises(PricesError, match="No such file"):
        load_prices(tmp_path / "none.yaml")


def schedule(body: Body, **bounds: int) -> None:
    body["Resources"]["Target"]["Properties"]["ScheduledActions"] = [
        {"ScheduledActionName": "peak", "Schedule": "cron(0 7 * * ? *)", "ScalableTargetAction": bounds}
    ]


def test_a_schedule_raises_the_maximum_and_is_told_beside_the_idle_cost(body: Body, costs: CostModel) -> None:
    schedule(body, MinCapacity=3, MaxCapacity=10)
    found = costs.cost(Template(body=body))
    assert found.idle == pytest.approx(73 + 0.2), "outside the schedule"
    assert found.maximum == pytest.approx(10 * 73 + 0.2)
    assert found.lines[0].what == (
        "1 to 4 (with the schedule up to 10) x ml.m5.large, variant AllTraffic,"
        " plus the schedule (min up to 3: idle 219.00 if it held all month)"
    )


def test_a_schedule_that_only_lowers_changes_nothing(body: Body, costs: CostModel) -> None:
    before = costs.cost(Template(body=body))
    schedule(body, MinCapacity=0, MaxCapacity=2)
    assert costs.cost(Template(body=body)) == before


def test_a_schedule_of_provisioned_concurrency(body: Body, costs: CostModel) -> None:
    target = body["Resources"]["Target"]
    serverless(body, ProvisionedConcurrency=1)
    target["Properties"].update(
        ScalableDimension="sagemaker:variant:DesiredProvisionedConcurrency", MinCapacity=1, MaxCapacity=2
    )
    body["Resources"]["Target"] = target
    schedule(body, MinCapacity=3, MaxCapacity=4)
    found = costs.cost(Template(body=body))
    # Held: 26.28 each; three of them if the schedule held all month.
    assert found.idle == pytest.approx(26.28 + 0.2)
    assert "plus the schedule (min up to 3: idle 78.84 if it held all month)" in found.lines[0].what
    # Four held, four of them busy at 0.00001, the fifth on demand at 0.00002.
    assert found.maximum == pytest.approx(4 * 26.28 + 4 * 52.56 + 105.12 + 0.2)
