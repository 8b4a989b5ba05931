"""Promise: no stack breaks a rule of the public packs, of cfn-lint or of our own without a reason written down."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from chem_endpoints.spec.monitor_images import ACCOUNTS as AWS_ACCOUNTS
from constructs_lib import acknowledgements
from constructs_lib.acknowledgements import ACKNOWLEDGEMENTS, Acknowledged
from constructs_lib.review import Expected, findings
from template_checks import PACKS, lint_findings, nag_findings

ACCOUNT, REGION = "123456789012", "us-east-1"
PREFIXES = {"AwsSolutions", "NIST.800.53.R5", "HIPAA.Security", "PCI.DSS.321"}


def stacks_of(app: Any) -> list[Any]:
    from aws_cdk import Stack

    return [child for child in app.node.children if isinstance(child, Stack)]


@pytest.fixture(scope="session")
def build(repository: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Any]:
    """Makes the test repository's app with a network and images of its own, not yet synthesized."""

    def make() -> Any:
        from aws_cdk import App

        from chem_endpoints.spec.network import Vpc
        from chem_endpoints.spec.stages import Stage
        from stacks.application import build_stacks
        from stacks.image import ImagesStack
        from stacks.network import NetworkStack

        settings = json.loads((Path(__file__).resolve().parents[2] / "cdk.json").read_text())["context"]
        app = App(outdir=str(tmp_path_factory.mktemp("checked")), analytics_reporting=False, context=settings)
        build_stacks(app, root=repository.root)
        private = Stage(name="private", account=ACCOUNT, region=REGION, vpc=Vpc(cidr="10.20.0.0/16"))
        NetworkStack(app, "ChemEndpoints-network", stage=private)
        ImagesStack(app, "ChemEndpoints-images", stage=private, root=repository.root, images=["base", "deep"])
        return app

    return make


@pytest.fixture(scope="session")
def app(build: Callable[[], Any]) -> Any:
    """The app as users get it."""
    return build()


@pytest.fixture(scope="session")
def templates(app: Any) -> dict[str, Any]:
    """Every template of the test repository, of the network and of the images, by stack name."""
    return {stack.stack_name: stack.template for stack in app.synth().stacks}


def test_the_four_packs_find_nothing_that_is_not_acknowledged(app: Any) -> None:
    assert nag_findings(app) == ()


def test_our_own_rules_find_nothing(templates: dict[str, Any], repository: Any) -> None:
    declared = [yaml.safe_load(path.read_text()) for path in (repository.root / "endpoints").glob("*.yaml")]
    serving = {f"ChemEndpoints-{each['name']}": each["serving"] for each in declared}
    assert len(serving) < len(templates)
    for stack, template in templates.items():
        asked = serving.get(stack, {})
        expected = Expected(
            accounts=frozenset({ACCOUNT, *AWS_ACCOUNTS.values()}),
            vpc=bool(asked.get("vpc")),
            isolation=asked.get("isolation", True),
        )
        assert findings(template, expected) == (), stack


def test_cfn_lint_finds_nothing(templates: dict[str, Any]) -> None:
    assert {stack: lint_findings(template, REGION) for stack, template in templates.items()} == dict.fromkeys(
        templates, ()
    )


def test_every_acknowledgement_gives_its_reason_in_a_sentence() -> None:
    for row in ACKNOWLEDGEMENTS:
        assert len(row.reason.split()) >= 8, row.reason
        assert row.reason.endswith("."), row.reason


@pytest.fixture
def bare(build: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The app as it would be without acknowledgements."""
    with monkeypatch.context() as patch:
        patch.setattr(acknowledgements, "ACKNOWLEDGEMENTS", ())
        return build()


def test_every_acknowledgement_is_needed(bare: Any) -> None:
    found = {(each.rule, each.path) for each in nag_findings(bare)}
    recorded: list[Acknowledged] = []
    for stack in stacks_of(bare):
        recorded += acknowledgements.acknowledge_findings(stack)
    assert not [each for each in recorded if (each.id, each.path) not in found]
    assert not [row.reason for row in ACKNOWLEDGEMENTS if not [each for each in recorded if each.row is row]]
    assert nag_findings(bare) == ()


@pytest.fixture
def careless(tmp_path: Path) -> Any:
    """An app that breaks a rule of every pack."""
    from aws_cdk import App, Stack
    from aws_cdk import aws_s3 as s3

    app = App(outdir=str(tmp_path / "careless"), analytics_reporting=False)
    s3.CfnBucket(Stack(app, "Careless"), "Bucket")
    return app


def test_each_pack_sees_a_careless_stack(careless: Any) -> None:
    assert {each.rule.rpartition("-")[0] for each in nag_findings(careless)} == PREFIXES
    assert {each.path for each in nag_findings(careless)} == {"Careless/Bucket"}


def test_an_acknowledgement_hides_its_own_finding_alone(careless: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from aws_cdk import aws_s3 as s3

    row = acknowledgements.Acknowledgement(
        rules=("AwsSolutions-S1",), type=s3.CfnBucket, path="Bucket", reason="A test."
    )
    monkeypatch.setattr(acknowledgements, "ACKNOWLEDGEMENTS", (row,))
    before = {each.rule for each in nag_findings(careless)}
    acknowledgements.acknowledge_findings(stacks_of(careless)[0])
    assert before - {each.rule for each in nag_findings(careless)} == {"AwsSolutions-S1"}


def test_cfn_lint_and_our_rules_see_a_careless_template() -> None:
    topic = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"Colour": "red"}}}}
    assert any(found.startswith("E3002 Resources/Topic") for found in lint_findings(topic, REGION))
    assert "ChemEndpoints-TopicsEncrypted" in {each.rule for each in findings(topic)}


def with_the_packs(app: Any) -> Any:
    """The app as a platform team would check it in app.py: by CDK's own plugin interface."""
    import cdk_nag
    from aws_cdk import Validations

    Validations.of(app).add_plugins(*(getattr(cdk_nag, pack)() for pack in PACKS))
    return app


def test_the_synthesis_itself_passes_with_the_packs_as_plugins(build: Callable[[], Any]) -> None:
    folder = Path(with_the_packs(build()).synth().directory)
    report = json.loads((folder / "validation-report.json").read_text(encoding="utf-8"))
    assert report["pluginReports"] == []


def test_the_synthesis_of_a_careless_stack_fails_with_the_packs_as_plugins(careless: Any) -> None:
    with pytest.raises(RuntimeError, match="AwsSolutions-S1"):
        with_the_packs(careless).synth()
