"""Deletes what a run made: at its end, or later by the tags that it left."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from chem_endpoints.smoke.account import Account
from chem_endpoints.smoke.kinds import BY_WORD, EXPIRES_TAG, KINDS, PREFIX, RUN_TAG, is_absent

REMOVAL_MINUTES = 30.0
"""An endpoint that is being updated is not deleted before that ended."""

UNREACHABLE_MINUTES = 5.0
"""So long a resource is asked for again while AWS cannot be reached."""

_LOG_FOLDERS = ("/aws/sagemaker/Endpoints/", "/aws/sagemaker/InferenceComponents/")

Tell = Callable[[str], object]


@dataclass(frozen=True, kw_only=True, order=True)
class Made:
    """One resource."""

    kind: str
    """`Kind.word`"""
    name: str


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """What an interrupted run left."""

    made: Made
    run: str
    expires: datetime


def leftovers(account: Account) -> list[Leftover]:
    """Everything of this account and region that has a run's name and tags."""
    found = []
    for kind in KINDS:
        for name in kind.names(account):
            try:
                tags = kind.tags(account, name)
            except ClientError as error:
                if is_absent(error):  # It went meanwhile.
                    continue
                raise
            if RUN_TAG in tags:
                expires = datetime.fromisoformat(tags.get(EXPIRES_TAG, "2000-01-01T00:00:00+00:00"))
                found.append(Leftover(made=Made(kind=kind.word, name=name), run=tags[RUN_TAG], expires=expires))
    return found


def remove(account: Account, made: Iterable[Made], tell: Tell) -> list[str]:
    """Deletes resources in the right order, and waits until each is gone.

    Args:
        account: theirs.
        made: what to delete; what is absent already is passed over.
        tell: gets a line for each that was deleted.

    Returns:
        a sentence for each that could not be deleted.
    """
    ranks = {kind.word: rank for rank, kind in enumerate(KINDS)}
    failed = []
    for one in sorted(made, key=lambda one: ranks[one.kind]):
        try:
            if _remove_one(account, one):
                tell(f"deleted {one.kind} {one.name}")
        except (ClientError, BotoCoreError, TimeoutError) as error:  # what comes after it must go all the same
            failed.append(f"{one.kind} {one.name}: {error}")
    return failed


def remove_log_groups(account: Account, run: str, tell: Tell) -> None:
    """Deletes the log groups that SageMaker made for the endpoints of a run; they carry its name."""
    logs = account("logs")
    for folder in _LOG_FOLDERS:
        for group in logs.describe_log_groups(logGroupNamePrefix=f"{folder}{PREFIX}{run}")["logGroups"]:
            logs.delete_log_group(logGroupName=group["logGroupName"])
            tell(f"deleted log group {group['logGroupName']}")


def expired(leftover: Leftover) -> bool:
    """Whether its run must have ended."""
    return leftover.expires <= datetime.now(UTC)


def _remove_one(account: Account, one: Made) -> bool:
    """Deletes one resource, as often as AWS says that it is busy; False: there was none.

    Raises:
        TimeoutError: it is still there, or AWS cannot be reached.
        ClientError: it may not be looked at, or not be deleted.
    """
    kind, started = BY_WORD[one.kind], time.monotonic()
    reached, was_there, refusal = started, False, "it is still being deleted"
    while True:
        try:
            kind.exists(account, one.name)
            was_there = True
            kind.delete(account, one.name)
            reached = time.monotonic()
        except ClientError as error:
            if is_absent(error):
                return was_there
            if not was_there or error.response["Error"]["Code"].startswith("AccessDenied"):
                raise
            refusal, reached = str(error), time.monotonic()
        except BotoCoreError as error:  # the connection broke: it may be back in a moment
            refusal = str(error)
        now = time.monotonic()
        if now - started > 60 * REMOVAL_MINUTES or now - reached > 60 * UNREACHABLE_MINUTES:
            raise TimeoutError(refusal)
        time.sleep(account.poll_seconds)
