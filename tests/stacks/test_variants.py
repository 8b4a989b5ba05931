"""Promise: several models share an endpoint's traffic as declared, and a shadow gets its copy of it."""

from collections.abc import Callable
from typing import Any

from invariants import properties, resources

Declare = Callable[..., dict[str, Any]]
CONFIG = "AWS::SageMaker::EndpointConfig"
MODEL = {"artifact": "s3://models/logs/2.tar.gz", "sha256": "b" * 64}
INSTANCE = {"kind": "realtime", "instance_type": "ml.c7i.large"}
CHALLENGER = {"name": "challenger", "model": MODEL, "instance_type": "ml.c7i.xlarge"}


def weights(template: dict[str, Any]) -> dict[str, float]:
    variants = properties(template, CONFIG)["ProductionVariants"]
    return {each["VariantName"]: each["InitialVariantWeight"] for each in variants}


def test_weights_are_the_declared_ones(assembly: Any) -> None:
    assert weights(assembly.template("variants-v1")) == {"AllTraffic": 1, "challenger": 0.1}


def test_a_weight_of_zero_is_zero(template_of: Declare) -> None:
    dark = template_of({**INSTANCE, "variants": [{**CHALLENGER, "weight": 0}]})
    assert weights(dark) == {"AllTraffic": 1, "challenger": 0}
    retired = template_of({**INSTANCE, "weight": 0, "variants": [CHALLENGER]})
    assert weights(retired) == {"AllTraffic": 0, "challenger": 1}


def test_each_variant_has_its_model_type_and_size(template_of: Declare) -> None:
    template = template_of({**INSTANCE, "variants": [{**CHALLENGER, "initial_instances": 3}]})
    main, challenger = properties(template, CONFIG)["ProductionVariants"]
    assert (challenger["InstanceType"], challenger["InitialInstanceCount"]) == ("ml.c7i.xlarge", 3)
    assert main["ModelName"] != challenger["ModelName"]
    artifacts = {
        each["Properties"]["PrimaryContainer"]["ModelDataUrl"] for each in resources(template, "AWS::SageMaker::Model")
    }
    assert artifacts == {"s3://models/logs/1.tar.gz", "s3://models/logs/2.tar.gz"}
    role = str(
        [each for each in resources(template, "AWS::IAM::ManagedPolicy") if "GetAuthorizationToken" in str(each)]
    )
    assert "arn:aws:s3:::models/logs/1.tar.gz" in role
    assert "arn:aws:s3:::models/logs/2.tar.gz" in role


def test_a_canary_starts_two_instances_of_each_variant(assembly: Any) -> None:
    variants = properties(assembly.template("variants-v1"), CONFIG)["ProductionVariants"]
    assert [each["InitialInstanceCount"] for each in variants] == [2, 2]


def test_a_shadow_stands_beside_one_production_variant(assembly: Any) -> None:
    config = properties(assembly.template("shadow-v1"), CONFIG)
    (main,) = config["ProductionVariants"]
    (shadow,) = config["ShadowProductionVariants"]
    assert shadow["VariantName"] == "candidate"
    assert shadow["InitialVariantWeight"] / main["InitialVariantWeight"] == 0.5, "half of the requests are copied"
    assert shadow["InitialInstanceCount"] == 1
    assert shadow["ModelName"] != main["ModelName"]


def test_a_shadow_never_undoes_an_update_and_wakes_nobody(assembly: Any) -> None:
    assert "candidate" not in str(resources(assembly.template("shadow-v1"), "AWS::CloudWatch::Alarm"))
