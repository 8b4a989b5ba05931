"""What must hold in an endpoint's stack, whatever else changes."""

from collections.abc import Callable
from typing import Any

import pytest

from chem_endpoints.wire import environment, tags

Resources = Callable[..., dict[str, Any]]


def properties(assembly: Any, resources_of: Resources, stack: str, kind: str) -> dict[str, Any]:
    (resource,) = resources_of(assembly.template(stack), f"AWS::{kind}").values()
    found: dict[str, Any] = resource["Properties"]
    return found


def endpoint_tags(assembly: Any, resources_of: Resources, stack: str) -> dict[str, str]:
    endpoint = properties(assembly, resources_of, stack, "SageMaker::Endpoint")
    return {tag["Key"]: tag["Value"] for tag in endpoint["Tags"]}


@pytest.fixture
def resources_of(resources_of: Resources) -> Resources:
    """Exact types: AWS::SageMaker::Endpoint is not AWS::SageMaker::EndpointConfig."""

    def choose(template: dict[str, Any], kind: str) -> dict[str, Any]:
        return {name: each for name, each in resources_of(template, kind).items() if each["Type"] == kind}

    return choose


def test_the_endpoint_has_a_literal_name_and_what_is_replaced_has_none(
    assembly: Any, resources_of: Resources, endpoint: str
) -> None:
    assert properties(assembly, resources_of, endpoint, "SageMaker::Endpoint")["EndpointName"] == endpoint
    assert "EndpointConfigName" not in properties(assembly, resources_of, endpoint, "SageMaker::EndpointConfig")
    for model in resources_of(assembly.template(endpoint), "AWS::SageMaker::Model").values():
        assert "ModelName" not in model["Properties"]


def test_no_stack_exports_or_imports_a_value(assembly: Any, endpoint: str) -> None:
    template = assembly.template(endpoint)
    assert "Outputs" not in template
    assert "ImportValue" not in str(template)
    assert set(template) <= {"Resources", "Description"}


def test_the_container_learns_its_name_digest_deadline_and_workers(assembly: Any, resources_of: Resources) -> None:
    container = properties(assembly, resources_of, "realtime-v1", "SageMaker::Model")["PrimaryContainer"]
    assert container["Environment"] == {
        environment.ENDPOINT_NAME: "realtime-v1",
        environment.MODEL_SHA256: assembly.digest,
        environment.REQUEST_SECONDS: "50",
        environment.MAX_BODY_MEGABYTES: "27",  # 25 MiB
        environment.WORKERS: "2",
    }
    asynchronous = properties(assembly, resources_of, "async-v1", "SageMaker::Model")["PrimaryContainer"]
    assert asynchronous["Environment"][environment.REQUEST_SECONDS] == "3500"
    assert asynchronous["Environment"][environment.MAX_BODY_MEGABYTES] == "1074"  # 1 GiB


def test_pickles_are_read_only_where_the_declaration_says_so(assembly: Any, resources_of: Resources) -> None:
    allowed = {}
    for endpoint in ("realtime-v1", "guarded-async-v1"):
        container = properties(assembly, resources_of, endpoint, "SageMaker::Model")["PrimaryContainer"]
        allowed[endpoint] = container["Environment"].get(environment.ALLOW_PICKLE)
    assert allowed == {"realtime-v1": None, "guarded-async-v1": "1"}


@pytest.mark.parametrize("stack", ["fixed-v1", "awake-v1"])
def test_workers_are_left_to_the_server_unless_declared(assembly: Any, resources_of: Resources, stack: str) -> None:
    container = properties(assembly, resources_of, stack, "SageMaker::Model")["PrimaryContainer"]
    assert environment.WORKERS not in container["Environment"]
    config = properties(assembly, resources_of, stack, "SageMaker::EndpointConfig")
    assert "ClientConfig" not in config.get("AsyncInferenceConfig", {})


def test_the_container_reaches_no_network_where_its_kind_allows(
    assembly: Any, resources_of: Resources, endpoint: str
) -> None:
    on_models = [
        model["Properties"].get("EnableNetworkIsolation")
        for model in resources_of(assembly.template(endpoint), "AWS::SageMaker::Model").values()
    ]
    on_config = properties(assembly, resources_of, endpoint, "SageMaker::EndpointConfig").get("EnableNetworkIsolation")
    if endpoint in ("serverless-v1", "provisioned-v1"):
        assert (set(on_models), on_config) == ({None}, None), "AWS refuses it"
    elif endpoint == "component-v1":
        assert (set(on_models), on_config) == ({None}, True)
    else:
        assert (set(on_models), on_config) == ({True}, None)


def test_volumes_use_our_key_unless_the_instance_stores_on_nvme_or_is_none(
    assembly: Any, resources_of: Resources, endpoint: str
) -> None:
    config = properties(assembly, resources_of, endpoint, "SageMaker::EndpointConfig")
    refused = ("gpu-v1", "serverless-v1", "provisioned-v1")
    assert config.get("KmsKeyId") == (None if endpoint in refused else "alias/chem-endpoints")


def test_one_variant_with_nvme_leaves_the_key_off_the_whole_configuration(template_of: Resources) -> None:
    model = {"artifact": "s3://models/logs/2.tar.gz", "sha256": "b" * 64, "image": "deep-gpu"}
    serving = {
        "kind": "realtime",
        "instance_type": "ml.c7i.large",
        "variants": [{"name": "deep", "model": model, "instance_type": "ml.g5.xlarge"}],
    }
    (config,) = (
        each["Properties"]
        for each in template_of(serving)["Resources"].values()
        if each["Type"] == "AWS::SageMaker::EndpointConfig"
    )
    assert "KmsKeyId" not in config


def test_enhanced_metrics_are_there_where_they_are_declared(
    assembly: Any, resources_of: Resources, endpoint: str
) -> None:
    config = properties(assembly, resources_of, endpoint, "SageMaker::EndpointConfig")
    assert config.get("MetricsConfig") == (
        {
            "EnableEnhancedMetrics": True,
            "EnableDetailedObservability": False,
            "MetricPublishFrequencyInSeconds": 30,
        }
        if endpoint == "monitored-v1"
        else None
    )


def test_memory_and_concurrency_of_a_serverless_endpoint(assembly: Any, resources_of: Resources) -> None:
    (plain,) = properties(assembly, resources_of, "serverless-v1", "SageMaker::EndpointConfig")["ProductionVariants"]
    assert plain["ServerlessConfig"] == {"MemorySizeInMB": 3072, "MaxConcurrency": 20}
    (warm,) = properties(assembly, resources_of, "provisioned-v1", "SageMaker::EndpointConfig")["ProductionVariants"]
    assert warm["ServerlessConfig"] == {"MemorySizeInMB": 4096, "MaxConcurrency": 20, "ProvisionedConcurrency": 2}
    assert not {"InstanceType", "InitialInstanceCount", "RoutingConfig"} & set(plain)


def test_a_vpc_stands_on_the_model_and_lets_the_role_make_interfaces(template_of: Resources) -> None:
    vpc = {"subnets": ["subnet-01234567", "subnet-01234568"], "security_groups": ["sg-01234567"]}
    serving = {"kind": "realtime", "instance_type": "ml.c7i.large", "vpc": True}
    template = template_of(serving, vpc=vpc)
    (model,) = (each for each in template["Resources"].values() if each["Type"] == "AWS::SageMaker::Model")
    assert model["Properties"]["VpcConfig"] == {
        "Subnets": ["subnet-01234567", "subnet-01234568"],
        "SecurityGroupIds": ["sg-01234567"],
    }
    assert "ec2:CreateNetworkInterface" in str(template)
    outside = template_of({**serving, "vpc": False}, vpc=vpc)
    assert not {"VpcConfig", "ec2:"} & {word for word in ("VpcConfig", "ec2:") if word in str(outside)}


def test_a_local_bundle_is_uploaded_under_keys_made_of_its_digests(assembly: Any, resources_of: Resources) -> None:
    container = properties(assembly, resources_of, "realtime-v1", "SageMaker::Model")["PrimaryContainer"]
    bucket, _, key = container["ModelDataUrl"].removeprefix("s3://").partition("/")
    manifest = endpoint_tags(assembly, resources_of, "realtime-v1")[tags.MANIFEST_URI]
    assert bucket == "cdk-hnb659fds-assets-123456789012-us-east-1"
    assert key.endswith(".tar.gz")
    assert manifest == f"s3://{bucket}/{assembly.digest}.json"
    assert {key, f"{assembly.digest}.json"} <= set(assembly.asset_keys("realtime-v1"))
    assert (assembly.folder / f"asset.{key}").read_bytes() == assembly.bundle.read_bytes()


def test_an_artifact_in_s3_stays_where_it_is(assembly: Any, resources_of: Resources) -> None:
    container = properties(assembly, resources_of, "fixed-v1", "SageMaker::Model")["PrimaryContainer"]
    assert container["ModelDataUrl"] == "s3://models/logs/1.tar.gz"
    assert tags.MANIFEST_URI not in endpoint_tags(assembly, resources_of, "fixed-v1")
    assert len(assembly.asset_keys("fixed-v1")) == 1, "only the template"


def test_the_client_learns_the_rest_from_tags(assembly: Any, resources_of: Resources) -> None:
    written = endpoint_tags(assembly, resources_of, "async-v1")
    assert written[tags.MODEL_SHA256] == assembly.digest
    assert written[tags.WIRE] == tags.WIRE_VERSION
    assert tags.parse_settings(written[tags.CLIENT_SETTINGS]) == {
        "max_in_flight": 64,
        "invocation_timeout_s": 3600,
    }
    assert written[tags.INPUT_URI] == ("s3://chem-endpoints-123456789012-us-east-1/kept-3-days/async/async-v1/input/")
    assert (written["chem-endpoints:owner"], written["cost-centre"]) == ("admet-platform", "chem-042")
    assert tags.INPUT_URI not in endpoint_tags(assembly, resources_of, "realtime-v1")


def test_each_kind_tells_where_captures_belong(assembly: Any, resources_of: Resources, endpoint: str) -> None:
    place = f"s3://chem-endpoints-123456789012-us-east-1/kept-90-days/captures/{endpoint}/"
    assert endpoint_tags(assembly, resources_of, endpoint)[tags.CAPTURES_URI] == place


def test_tag_values_fit_into_tags(assembly: Any, resources_of: Resources, endpoint: str) -> None:
    assert all(len(value) <= 256 for value in endpoint_tags(assembly, resources_of, endpoint).values())


@pytest.mark.parametrize(
    ("stack", "excluded"),
    [
        ("realtime-v1", ["DesiredWeight", "DataCaptureConfig"]),
        ("async-v1", ["DesiredWeight", "DataCaptureConfig", "DesiredInstanceCount"]),
        ("awake-v1", ["DesiredWeight", "DataCaptureConfig"]),
    ],
)
def test_an_update_keeps_the_scaled_size_unless_the_endpoint_may_sleep(
    assembly: Any, resources_of: Resources, stack: str, excluded: list[str]
) -> None:
    endpoint = properties(assembly, resources_of, stack, "SageMaker::Endpoint")
    kinds = [each["VariantPropertyType"] for each in endpoint["ExcludeRetainedVariantProperties"]]
    assert endpoint["RetainAllVariantProperties"] is True
    assert kinds == excluded


def test_a_fixed_size_is_not_retained(assembly: Any, resources_of: Resources) -> None:
    endpoint = properties(assembly, resources_of, "fixed-v1", "SageMaker::Endpoint")
    assert not {"RetainAllVariantProperties", "ExcludeRetainedVariantProperties"} & set(endpoint)


@pytest.mark.parametrize(("stack", "instances"), [("realtime-v1", 2), ("async-v1", 1), ("fixed-v1", 1)])
def test_initial_instances(assembly: Any, resources_of: Resources, stack: str, instances: int) -> None:
    config = properties(assembly, resources_of, stack, "SageMaker::EndpointConfig")
    assert config["ProductionVariants"][0]["InitialInstanceCount"] == instances


def test_the_queue_lies_under_the_declared_retention(assembly: Any, resources_of: Resources) -> None:
    config = properties(assembly, resources_of, "async-v1", "SageMaker::EndpointConfig")["AsyncInferenceConfig"]
    place = "s3://chem-endpoints-123456789012-us-east-1/kept-14-days/async/async-v1"
    assert config["OutputConfig"]["S3OutputPath"] == f"{place}/output/"
    assert config["OutputConfig"]["S3FailurePath"] == f"{place}/failure/"
    assert config["ClientConfig"]["MaxConcurrentInvocationsPerInstance"] == 4


def test_only_realtime_endpoints_capture(assembly: Any, resources_of: Resources) -> None:
    config = properties(assembly, resources_of, "realtime-v1", "SageMaker::EndpointConfig")
    assert config["DataCaptureConfig"]["InitialSamplingPercentage"] == 50
    assert config["DataCaptureConfig"]["DestinationS3Uri"].endswith("/kept-30-days/capture")
    assert config["DataCaptureConfig"]["KmsKeyId"] == "alias/chem-endpoints"
    assert config["DataCaptureConfig"]["CaptureOptions"] == [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]
    assert config["DataCaptureConfig"]["CaptureContentTypeHeader"] == {
        "CsvContentTypes": ["text/csv"],
        "JsonContentTypes": ["application/json", "application/jsonlines"],
    }
    monitored = properties(assembly, resources_of, "monitored-v1", "SageMaker::EndpointConfig")
    assert monitored["DataCaptureConfig"]["CaptureOptions"] == [{"CaptureMode": "Input"}]
    for stack in ("async-v1", "fixed-v1", "serverless-v1", "component-v1"):
        assert "DataCaptureConfig" not in properties(assembly, resources_of, stack, "SageMaker::EndpointConfig")


def test_the_log_group_is_there_first_and_expires(assembly: Any, resources_of: Resources) -> None:
    template = assembly.template("async-v1")
    (log_group,) = resources_of(template, "AWS::Logs::LogGroup")
    (endpoint,) = resources_of(template, "AWS::SageMaker::Endpoint").values()
    assert endpoint["DependsOn"] == [log_group]
    assert properties(assembly, resources_of, "async-v1", "Logs::LogGroup")["RetentionInDays"] == 7


def test_every_stage_keeps_the_log_group_for_the_next_deployment_to_adopt(
    synthesize: Callable[..., Any], resources_of: Resources
) -> None:
    for stage in ("local", "prod"):
        groups = resources_of(synthesize(stage=stage).template("async-v1"), "AWS::Logs::LogGroup").values()
        assert [group["DeletionPolicy"] for group in groups] == ["RetainExceptOnCreate"]


def test_a_stage_that_retains_keeps_data_but_nothing_of_a_stack_that_never_came_up(
    synthesize: Callable[..., Any], resources_of: Resources
) -> None:
    prod = synthesize(stage="prod")
    foundation = prod.template("foundation")["Resources"].values()
    kept = {each["Type"] for each in foundation if each.get("DeletionPolicy") == "RetainExceptOnCreate"}
    assert kept == {"AWS::KMS::Key", "AWS::S3::Bucket", "AWS::ECR::Repository"}
    assert "111122223333" in str(prod.template("async-v1"))
    assert "123456789012" not in str(prod.template("fixed-v1"))
