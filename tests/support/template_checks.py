"""What every synthesized app is checked with: four public rule packs, cfn-lint, and our own rules."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

PACKS = ("AwsSolutionsChecks", "NIST80053R5Checks", "HIPAASecurityChecks", "PCIDSS321Checks")
"""Classes of cdk-nag: AwsSolutions, NIST 800-53 R5, HIPAA Security, PCI DSS 3.2.1."""


@dataclass(frozen=True, kw_only=True, order=True)
class NagFinding:
    """A resource that breaks a rule of a public pack and is not acknowledged."""

    rule: str
    """Id, with the finding in brackets where a rule reports several."""
    path: str
    """Path of the construct."""
    description: str


def nag_findings(scope: Any) -> tuple[NagFinding, ...]:
    """Unacknowledged findings of the four packs below an app, or below one stack of it.

    The packs walk the construct tree, not the templates, so the app need not be synthesized.
    """
    import cdk_nag

    return tuple(
        sorted(
            NagFinding(rule=violation.rule_name, path=resource.construct_path, description=violation.description)
            for pack in PACKS
            for violation in getattr(cdk_nag, pack)().validate_scope(scope).violations
            for resource in violation.violating_resources
        )
    )


@cache
def _lint_setting(region: str) -> tuple[Any, Any]:
    """Configuration and rules of cfn-lint: reading the rules takes longer than a template."""
    from cfnlint.config import ConfigMixIn
    from cfnlint.core import get_rules

    config = ConfigMixIn(regions=[region])
    rules = get_rules(
        append_rules=[],
        ignore_rules=[],
        include_rules=config.include_checks,
        configure_rules=config.configure_rules,
        mandatory_rules=config.mandatory_checks,
    )
    return config, rules


def lint_findings(template: dict[str, Any], region: str) -> tuple[str, ...]:
    """What cfn-lint has to say about a template in a region: errors and warnings."""
    from cfnlint.decode.decode import decode_str
    from cfnlint.runner import run_template_by_data

    # cfn-lint reports line numbers, so it reads text.
    decoded, errors = decode_str(json.dumps(template))
    config, rules = _lint_setting(region)
    matches = errors or run_template_by_data(decoded, config, rules)
    return tuple(
        f"{match.rule.id} {'/'.join(str(part) for part in match.path or [])}: {match.message}" for match in matches
    )
