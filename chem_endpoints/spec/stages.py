"""Stages: the account and region that the same declarations are deployed to, from ``stages.yaml``."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from chem_endpoints.spec.network import Vpc
from chem_endpoints.spec.parsing import InvalidDeclarationError, parse_model
from chem_endpoints.spec.strict_model import StrictModel, refusal
from chem_endpoints.spec.violation import DeclarationError
from chem_endpoints.spec.yaml_file import UnreadableFileError, read_mapping

_REGION = re.compile(r"(?!cn-|us-gov-|[a-z]{2}-iso)[a-z]{2}(-[a-z]+)+-[0-9]")
_LOG_RETENTION_DAYS = tuple(
    map(int, "1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653".split())
)


def _account(account: str) -> str:
    if len(account) != 12 or not account.isdecimal():
        raise refusal("must be the 12 digits of an AWS account, in quotes")
    return account


def _region(region: str) -> str:
    if not _REGION.fullmatch(region):
        raise refusal(
            "must be a region such as eu-central-1, outside China, GovCloud and the isolated ones, whose ARNs differ"
        )
    return region


def _log_retention(days: int) -> int:
    if days not in _LOG_RETENTION_DAYS:
        raise refusal(f"must be one of {', '.join(map(str, _LOG_RETENTION_DAYS))}, which CloudWatch Logs offers")
    return days


_OVERRIDABLE = ("serving", "client", "alarms", "callers", "tags")
_OVERRIDABLE_OF_THE_MODEL = ("artifact", "artifact_version", "artifact_key")


def _overrides(overrides: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    for endpoint, sections in overrides.items():
        for section in sections:
            # Another place of the same model: the digest stays.
            if section == "model" and set(sections["model"] or {}) <= set(_OVERRIDABLE_OF_THE_MODEL):
                continue
            if section not in _OVERRIDABLE:
                raise refusal(
                    f"{endpoint}.{section} is refused: a stage may change {', '.join(_OVERRIDABLE)} and the model's "
                    f"{', '.join(_OVERRIDABLE_OF_THE_MODEL)}; what is promoted "
                    "from stage to stage stays the same"
                )
        if "kind" in (sections.get("serving") or {}):
            raise refusal(f"{endpoint}.serving.kind is refused: another kind is another endpoint; declare it")
    return overrides


class Stage(StrictModel):
    """Where the stacks go, and what differs from one such place to another."""

    name: str
    """The key in stages.yaml."""
    account: Annotated[str, AfterValidator(_account)]
    """AWS account, 12 digits."""
    region: Annotated[str, AfterValidator(_region)]
    """AWS region."""
    log_retention_days: Annotated[int, AfterValidator(_log_retention)] = 90
    """Days that container logs are kept; default 90. Source: PutRetentionPolicy, CloudWatch Logs API reference."""
    removal: Literal["destroy", "retain"] = "retain"
    """What becomes of the shared bucket, key and repository with their stack; default retain. Destroy deletes an empty
    bucket and an empty repository, and fails on a bucket that holds objects (they go by their expiry alone) and on a
    repository that holds images."""

    images: Literal["source", "asset", "codebuild"] = "asset"
    """Where images come from that images.yaml does not pin; default asset. ``asset``: the CDK CLI builds and pushes
    them; ``codebuild``: AWS builds them once per content, in our repository; ``source``: nobody builds, the repository
    holds them already (the local AWS runs the sources themselves)."""
    vpc: Vpc | None = None
    """For the endpoints that declare ``vpc: true``; default: none."""
    components_reach_zero_instances: bool = False
    """Whether the region accepts ``MinInstanceCount: 0`` for inference components, which not all do; default false.
    Say true when you have seen it work there."""
    pull_accounts: Annotated[tuple[Annotated[str, AfterValidator(_account)], ...], Field(strict=False)] = ()
    """Accounts of other stages that may pull this stage's images; default: none."""
    overrides: Annotated[dict[str, dict[str, Any]], AfterValidator(_overrides)] = Field(default_factory=dict)
    """By endpoint: values of serving, client, alarms, callers and tags that differ in this stage, and where its
    artifact lies (``model: {artifact: …}``); the digest stays."""
    policies_per_role: int = Field(default=10, ge=1, le=20)
    """Managed policies that IAM lets a role have: how many endpoints one caller may use. Default 10, IAM's own."""

    def applied_to(self, endpoint: object, written: Mapping[str, object]) -> Mapping[str, object]:
        """The declaration of an endpoint with this stage's values in place of its own."""
        return _merged(written, self.overrides.get(str(endpoint), {}))


def _merged(written: Mapping[str, object], changes: Mapping[str, object]) -> Mapping[str, object]:
    merged = dict(written)
    for key, change in changes.items():
        own = merged.get(key)
        if isinstance(own, Mapping) and isinstance(change, Mapping):
            merged[key] = _merged(own, change)
        else:
            merged[key] = change
    return merged


def load_stage(path: Path, name: str) -> Stage:
    """The stage called ``name``.

    Raises:
        DeclarationError: the file is wrong, or knows no such stage.
    """
    try:
        stages = read_mapping(path)
        written = stages.get(name)
        if not isinstance(written, dict):
            known = ", ".join(sorted(map(str, stages)))
            raise DeclarationError([f"{path.name}: {name}: no such stage; choose one of {known}, or add it"])
        return parse_model(Stage, {**written, "name": name})
    except (UnreadableFileError, InvalidDeclarationError) as error:
        raise DeclarationError(violation.in_file(f"{path.name}: {name}") for violation in error.violations) from None
