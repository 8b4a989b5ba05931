"""Promise: production variants share the traffic by weight, and a shadow variant harms nobody."""

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.end_to_end
Clients = Callable[[str], Any]


def invoke(client: Clients, endpoint: str, order: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint, Body=json.dumps(order or {"do": "echo"}).encode(), **more
    )
    return answer


def test_variants_get_their_shares(deployer: Any, client: Clients) -> None:
    variants = [
        deployer.variant("main", weight=3, label="m"),
        deployer.variant("challenger", weight=1, label="c"),
        deployer.variant("dark", weight=0, label="d"),
    ]
    found = deployer.endpoint_of("shared", variants)
    assert [(item["VariantName"], item["CurrentWeight"]) for item in found["ProductionVariants"]] == [
        ("main", 3.0),
        ("challenger", 1.0),
        ("dark", 0.0),
    ]
    assert found["ProductionVariants"][0]["DeployedImages"][0]["SpecifiedImage"].startswith("123456789012.dkr")
    invoked = [invoke(client, "shared")["InvokedProductionVariant"] for _ in range(12)]
    assert Counter(invoked) == {"main": 9, "challenger": 3}


def test_a_variant_can_be_chosen(deployer: Any, client: Clients) -> None:
    deployer.endpoint_of("chosen", [deployer.variant("main", label="m"), deployer.variant("dark", weight=0, label="d")])
    answer = invoke(client, "chosen", TargetVariant="dark")
    assert answer["InvokedProductionVariant"] == "dark"
    assert json.loads(answer["Body"].read())["label"] == "d"
    with pytest.raises(ClientError, match="Variant other does not exist"):
        invoke(client, "chosen", TargetVariant="other")


def test_weights_can_be_changed(deployer: Any, client: Clients) -> None:
    deployer.endpoint_of("moved", [deployer.variant("a"), deployer.variant("b", weight=0)])
    deployer.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="moved",
        DesiredWeightsAndCapacities=[
            {"VariantName": "a", "DesiredWeight": 0},
            {"VariantName": "b", "DesiredWeight": 2, "DesiredInstanceCount": 2},
        ],
    )
    found = deployer.settled("moved")["ProductionVariants"]
    assert [(item["CurrentWeight"], item["CurrentInstanceCount"]) for item in found] == [(0.0, 1), (2.0, 2)]
    assert {invoke(client, "moved")["InvokedProductionVariant"] for _ in range(4)} == {"b"}


def shadowed(deployer: Any, name: str, weight: float, **shadow: Any) -> dict[str, Any]:
    variants = [deployer.variant("main", label="production")]
    copies = [deployer.variant("shadow", weight=weight, **shadow)]
    return dict(deployer.endpoint_of(name, variants, ShadowProductionVariants=copies))


def test_a_shadow_gets_its_share_and_its_answers_are_dropped(deployer: Any, client: Clients, clone: Any) -> None:
    found = shadowed(deployer, "shadowed", 0.5, environment={"STAND_IN_COUNT": "yes"}, label="shadow")
    assert found["ShadowProductionVariants"][0]["VariantName"] == "shadow"
    assert found["ShadowProductionVariants"][0]["CurrentInstanceCount"] == 1
    answers = [json.loads(invoke(client, "shadowed")["Body"].read()) for _ in range(10)]
    assert {answer["label"] for answer in answers} == {"production"}
    log = clone / ".local-aws/logs/shadowed/shadow-1.log"
    deadline = time.monotonic() + 10
    while log.read_text().count("request\n") < 5:
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    assert log.read_text().count("request\n") == 5


def test_a_failing_shadow_harms_nobody(deployer: Any, client: Clients) -> None:
    shadowed(deployer, "unharmed", 1.0, environment={"STAND_IN_FAULT": "dies-on-request"})
    for _ in range(5):
        assert invoke(client, "unharmed")["InvokedProductionVariant"] == "main"
    with pytest.raises(ClientError, match="does not exist"):
        invoke(client, "unharmed", TargetVariant="shadow")


def test_what_sagemaker_refuses(deployer: Any) -> None:
    one, two = deployer.variant("one"), deployer.variant("two")
    with pytest.raises(ClientError, match="exactly one production and one shadow"):
        deployer.config_of([one, two], ShadowProductionVariants=[deployer.variant("s")])
    with pytest.raises(ClientError, match="names of their own"):
        deployer.config_of([one, one])
    with pytest.raises(ClientError, match="only supported for inference component endpoints"):
        deployer.config_of([{**one, "ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 1}}])
    with pytest.raises(ClientError, match="Could not find model"):
        deployer.config_of([{**one, "ModelName": "nobody"}])
    name = deployer.config_of([one])
    with pytest.raises(ClientError, match="already existing endpoint configuration"):
        deployer.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[two])


def test_a_configuration_is_told_as_it_was_given(deployer: Any) -> None:
    shadow = deployer.variant("shadow", weight=0.5)
    metrics = {"EnableEnhancedMetrics": True, "MetricPublishFrequencyInSeconds": 60}
    name = deployer.config_of([deployer.variant("main")], ShadowProductionVariants=[shadow], MetricsConfig=metrics)
    found = deployer.sagemaker.describe_endpoint_config(EndpointConfigName=name)
    assert found["ShadowProductionVariants"] == [shadow]
    assert found["MetricsConfig"] == metrics
    deployer.sagemaker.delete_endpoint_config(EndpointConfigName=name)
    with pytest.raises(ClientError, match="Could not find"):
        deployer.sagemaker.describe_endpoint_config(EndpointConfigName=name)
