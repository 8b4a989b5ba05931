"""Names fit AWS's limits, whatever the endpoint is called."""

import re
from pathlib import Path

from chem_endpoints.spec.retention import RETENTION_DAYS
from constructs_lib.naming import CAPTURES_DAYS, EndpointNames, SharedNames, endpoint_stack_name, kept_prefix

SHARED = SharedNames(account="123456789012", region="ap-southeast-1")
LONGEST = EndpointNames(shared=SHARED, endpoint="a" * 63)


def test_the_shared_bucket_has_a_valid_name() -> None:
    assert re.fullmatch(r"[a-z0-9-]{3,63}", SHARED.bucket)


def test_the_longest_endpoint_name_fits_everywhere() -> None:
    assert len(endpoint_stack_name(LONGEST.endpoint)) <= 128
    assert len(LONGEST.caller_policy) <= 128
    assert len(LONGEST.alarm("failed-requests")) <= 255
    assert len(LONGEST.async_objects("failure", 365).uri) <= 256, "it may become a tag"


def test_what_iam_knows_in_all_regions_names_its_region() -> None:
    elsewhere = EndpointNames(shared=SharedNames(account="123456789012", region="us-east-1"), endpoint="a" * 63)
    assert LONGEST.caller_policy != elsewhere.caller_policy


def test_objects_lie_under_their_retention() -> None:
    names = EndpointNames(shared=SHARED, endpoint="logs-v1")
    assert names.async_objects("input", 7).key == f"{kept_prefix(7)}async/logs-v1/input/"
    assert names.captured(30).key == f"{names.capture_destination(30).key}/logs-v1/"


def test_named_captures_expire_and_lie_apart_from_all_else() -> None:
    names = EndpointNames(shared=SHARED, endpoint="logs-v1")
    place = names.named_captures
    assert CAPTURES_DAYS in RETENTION_DAYS, "the shared bucket has a lifecycle rule for it"
    assert place.uri == f"s3://{SHARED.bucket}/{kept_prefix(CAPTURES_DAYS)}captures/logs-v1/"
    others = [names.captured(CAPTURES_DAYS), names.monitoring_reports(CAPTURES_DAYS)]
    others += [names.async_objects(part, CAPTURES_DAYS) for part in ("input", "output", "failure")]
    others.append(EndpointNames(shared=SHARED, endpoint="logs-v12").named_captures)
    assert not [each for each in others if each.key.startswith(place.key) or place.key.startswith(each.key)]
    assert len(LONGEST.named_captures.uri) <= 256, "it becomes a tag"


def test_the_documents_say_how_long_named_captures_are_kept(root: Path) -> None:
    told = (root / "docs/quality.md").read_text(encoding="utf-8")
    (row,) = (line for line in told.splitlines() if "`kept-" in line and "captures/<endpoint>/" in line)
    assert f"`{kept_prefix(CAPTURES_DAYS)}captures/<endpoint>/`" in row
    assert row.endswith(f"| {CAPTURES_DAYS} days |")
    rights = (root / "docs/declaration.md").read_text(encoding="utf-8")
    assert f"`{kept_prefix(CAPTURES_DAYS)}captures/<endpoint>/`" in rights
