"""Names fit AWS's limits, whatever the endpoint is called."""

import re

from constructs_lib.naming import EndpointNames, SharedNames, endpoint_stack_name, kept_prefix

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
