"""What must hold in the shared stack."""

from collections.abc import Callable
from typing import Any

import pytest

from chem_endpoints.spec.retention import RETENTION_DAYS

Resources = Callable[..., dict[str, Any]]


@pytest.fixture
def only(assembly: Any, resources_of: Resources) -> Callable[[str], dict[str, Any]]:
    def choose(kind: str) -> dict[str, Any]:
        found = resources_of(assembly.template("foundation"), f"AWS::{kind}").items()
        ours = [each for name, each in found if not name.startswith("AccessLogs")]
        (resource,) = (each for each in ours if each["Type"] == f"AWS::{kind}")
        chosen: dict[str, Any] = resource["Properties"]
        return chosen

    return choose


def test_names_are_the_literals_that_endpoint_stacks_use(only: Callable[[str], dict[str, Any]]) -> None:
    assert only("KMS::Alias")["AliasName"] == "alias/chem-endpoints"
    assert only("S3::Bucket")["BucketName"] == "chem-endpoints-123456789012-us-east-1"
    assert only("SNS::Topic")["TopicName"] == "chem-endpoints-alarms"
    assert only("ECR::Repository")["RepositoryName"] == "chem-endpoints"


def test_the_bucket_expires_each_retention_class(only: Callable[[str], dict[str, Any]]) -> None:
    rules = only("S3::Bucket")["LifecycleConfiguration"]["Rules"]
    expiring = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
    assert expiring == {f"kept-{days}-days/": days for days in RETENTION_DAYS}
    assert any("AbortIncompleteMultipartUpload" in rule and "Prefix" not in rule for rule in rules)


def test_the_bucket_is_private_encrypted_and_reached_by_tls_only(only: Callable[[str], dict[str, Any]]) -> None:
    bucket = only("S3::Bucket")
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    (deny,) = only("S3::BucketPolicy")["PolicyDocument"]["Statement"]
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert "VersioningConfiguration" not in bucket


def test_the_key_rotates_and_alarms_and_our_log_groups_may_use_it(only: Callable[[str], dict[str, Any]]) -> None:
    key = only("KMS::Key")
    services = {each["Principal"].get("Service"): each for each in key["KeyPolicy"]["Statement"]}
    assert key["EnableKeyRotation"] is True
    assert list(services) == [None, "logs.us-east-1.amazonaws.com", "cloudwatch.amazonaws.com"]
    (groups,) = services["logs.us-east-1.amazonaws.com"]["Condition"]["ArnLike"].values()
    assert groups[0] == "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/*"


def test_accesses_are_recorded_in_a_bucket_that_only_the_log_delivery_of_the_account_writes(
    assembly: Any, resources_of: Resources
) -> None:
    found = resources_of(assembly.template("foundation"), "AWS::S3::")
    (shared,) = (each for each in found.values() if "LoggingConfiguration" in each["Properties"])
    logs = found[shared["Properties"]["LoggingConfiguration"]["DestinationBucketName"]["Ref"]]["Properties"]
    assert shared["Properties"]["BucketName"] == "chem-endpoints-123456789012-us-east-1"
    assert logs["BucketName"] == "chem-endpoints-123456789012-us-east-1-access-logs"
    assert all(logs["PublicAccessBlockConfiguration"].values())
    assert [rule["ExpirationInDays"] for rule in logs["LifecycleConfiguration"]["Rules"]] == [90]
    (policy,) = (found[name] for name in shared["DependsOn"])
    (allowed,) = (each for each in policy["Properties"]["PolicyDocument"]["Statement"] if each["Effect"] == "Allow")
    assert allowed["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}


def test_images_are_immutable_scanned_and_encrypted(only: Callable[[str], dict[str, Any]]) -> None:
    repository = only("ECR::Repository")
    assert repository["ImageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    moving = repository["ImageTagMutabilityExclusionFilters"]
    assert [each["ImageTagMutabilityExclusionFilterValue"] for each in moving] == ["cache-*"]
    assert repository["ImageScanningConfiguration"] == {"ScanOnPush": True}
    assert repository["EncryptionConfiguration"]["EncryptionType"] == "KMS"
