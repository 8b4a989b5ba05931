"""The real CDK CLI without change sets, with early validation, without rollback, and back: steps of one story."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cdk_cli import CDK, MISSING, CdkCli, with_node

pytestmark = [pytest.mark.end_to_end, pytest.mark.skipif(not CDK.exists(), reason=MISSING)]
Clients = Callable[[str], Any]
STACK, LOG_GROUP = "s-small", "/small/logs"


@pytest.fixture(scope="module")
def assemblies(tmp_path_factory: pytest.TempPathFactory, client_environment: dict[str, str]) -> Path:
    folder = tmp_path_factory.mktemp("small")
    app = Path(__file__).with_name("cdk_small_app.py")
    subprocess.run([sys.executable, app, folder], env=with_node(client_environment), check=True)
    return folder


@pytest.fixture(scope="module")
def cdk(client_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> CdkCli:
    cli = CdkCli(tmp_path_factory.mktemp("cdk-run"), client_environment)
    cli("bootstrap", "aws://123456789012/us-east-1")
    return cli


def status(client: Clients) -> str:
    return str(client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"])


def retention(client: Clients) -> int:
    found = client("logs").describe_log_groups(logGroupNamePrefix=LOG_GROUP)["logGroups"]
    return int(found[0]["retentionInDays"])


def test_a_direct_deployment_creates_and_updates(cdk: CdkCli, assemblies: Path, client: Clients) -> None:
    cdk.deploy(assemblies / "first", "--method", "direct")
    assert (status(client), retention(client)) == ("CREATE_COMPLETE", 30)
    assert "(no changes)" in cdk.deploy(assemblies / "first", "--method", "direct")
    cdk.deploy(assemblies / "changed", "--method", "direct")
    assert (status(client), retention(client)) == ("UPDATE_COMPLETE", 60)


def test_a_wrong_property_fails_early_and_the_cli_says_where(cdk: CdkCli, assemblies: Path, client: Clients) -> None:
    shown = cdk.deploy(assemblies / "wrong", code=1)
    assert "Early validation failed" in shown
    assert "#/VersioningConfiguration: extraneous key [Colour] is not permitted" in shown
    assert "/Resources/Bucket/Properties/VersioningConfiguration" in shown
    assert (status(client), retention(client)) == ("UPDATE_COMPLETE", 60)


def test_diff_tells_a_change(cdk: CdkCli, assemblies: Path) -> None:
    shown = cdk("diff", "--app", assemblies / "first")
    assert "[~] AWS::Logs::LogGroup Logs" in shown.stdout + shown.stderr


def test_without_rollback_the_failure_stays_until_cdk_rollback(cdk: CdkCli, assemblies: Path, client: Clients) -> None:
    shown = cdk.deploy(assemblies / "late", "--no-rollback", code=1)
    assert "InvalidTargetBucketForLogging" in shown
    assert (status(client), retention(client)) == ("UPDATE_FAILED", 90)
    cdk("rollback", "--app", assemblies / "late")
    assert (status(client), retention(client)) == ("UPDATE_ROLLBACK_COMPLETE", 60)


def test_a_rollback_that_fails_goes_on_without_the_orphaned_resource(
    cdk: CdkCli, assemblies: Path, client: Clients
) -> None:
    cdk.deploy(assemblies / "late", "--no-rollback", code=1)
    client("logs").delete_log_group(logGroupName=LOG_GROUP)
    # The CLI fails only if it has seen the event before the stack's end; on AWS it has the time to.
    shown = cdk("rollback", "--app", assemblies / "late", code=None)
    assert "The specified log group does not exist" in shown.stdout + shown.stderr
    assert status(client) == "UPDATE_ROLLBACK_FAILED"
    cdk("rollback", "--app", assemblies / "late", "--orphan", "Logs")
    assert status(client) == "UPDATE_ROLLBACK_COMPLETE"


def test_drift_is_not_guessed(cdk: CdkCli, assemblies: Path) -> None:
    shown = cdk("drift", "--app", assemblies / "first", code=1)
    assert "The local AWS has no operation DetectStackDrift" in shown.stdout + shown.stderr


def test_destroy(cdk: CdkCli, assemblies: Path, client: Clients) -> None:
    cdk("destroy", "--app", assemblies / "first", "--force")
    living = [stack["StackName"] for stack in client("cloudformation").describe_stacks()["Stacks"]]
    assert STACK not in living
