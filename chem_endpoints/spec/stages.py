"""Stages: the account and region that the same declarations are deployed to, from ``stages.yaml``."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator

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
