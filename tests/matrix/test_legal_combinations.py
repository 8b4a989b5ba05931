"""Promise: whatever a declaration may combine deploys and is sound.

`make test` takes combinations in which each legal pair of choices occurs; ``--full-matrix`` takes all of them.
"""

from collections.abc import Callable
from typing import Any

from constructs_lib.review import Expected, findings
from invariants import accounts, broken_invariants
from legal_combinations import Combination, legal_combinations, pairwise_sample
from template_checks import lint_findings, nag_findings

ACCOUNT, PINNED_ACCOUNT, REGION = "111122223333", "444455556666", "eu-central-1"
Checked = Callable[[str], Any]


def test_cfn_lint_finds_nothing(checked: Checked, combination: Combination) -> None:
    assert lint_findings(checked(combination.image).template(combination.name), REGION) == ()


def test_the_four_rule_packs_find_nothing(checked: Checked, combination: Combination) -> None:
    assert nag_findings(checked(combination.image).stacks[combination.name]) == ()


def test_our_own_rules_find_nothing(checked: Checked, combination: Combination) -> None:
    expected = Expected(
        accounts=frozenset({ACCOUNT, PINNED_ACCOUNT} if combination.image == "pin" else {ACCOUNT}),
        vpc=combination.vpc,
        isolation=combination.isolation,
    )
    assert findings(checked(combination.image).template(combination.name), expected) == ()


def test_the_invariants_hold(checked: Checked, combination: Combination) -> None:
    template = checked(combination.image).template(combination.name)
    assert broken_invariants(template, combination.name) == []
    assert accounts(template) <= ({ACCOUNT, PINNED_ACCOUNT} if combination.image == "pin" else {ACCOUNT})


def test_the_template_has_what_was_combined(checked: Checked, combination: Combination) -> None:
    text = str(checked(combination.image).template(combination.name))
    shown = {
        "'VpcConfig'": combination.vpc,
        "'EnableNetworkIsolation'": combination.isolation,
        "'DataCaptureConfig': {": combination.capture,
        "'DeploymentConfig'": combination.guardrail != "none",
        "'ScheduledActions'": combination.scheduled,
        "@sha256:": combination.image == "pin",
        "container-assets": combination.image == "asset",
    }
    assert {word: word in text for word in shown} == shown


def test_synthesizing_twice_gives_the_same_files(
    checked: Checked, build: Callable[[str], Any], image_source: str
) -> None:
    folder = checked(image_source).folder
    app, _ = build(image_source)
    again = type(folder)(app.synth().directory)
    templates = sorted(folder.glob("*.template.json"))
    assert templates
    for path in templates:
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name


def test_the_shared_stacks_pass_too(checked: Checked, image_source: str) -> None:
    synthesized = checked(image_source)
    names = {path.name.removeprefix("ChemEndpoints-").split(".")[0] for path in synthesized.folder.glob("*.template.*")}
    for name in names - set(synthesized.stacks):
        template = synthesized.template(name)
        assert lint_findings(template, REGION) == ()
        assert findings(template, Expected(accounts=frozenset({ACCOUNT}))) == ()


def test_the_sample_has_every_choice_and_far_fewer_combinations() -> None:
    legal = legal_combinations()
    sample = pairwise_sample(legal)
    assert len(legal) > 250
    assert len(sample) < 30
    assert set(sample) <= set(legal)
    assert {(each.kind, each.guardrail) for each in sample} == {(each.kind, each.guardrail) for each in legal}
    assert {(each.kind, each.image) for each in sample} == {(each.kind, each.image) for each in legal}
