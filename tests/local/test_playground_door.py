"""Promise: a browser reaches the page of a deployed model below its name; other pages and AWS clients do not."""

import http.client

import pytest

from chem_endpoints.local.address import Address

SIGNED = "AWS4-HMAC-SHA256 Credential=a/20200101/us-east-1/s3/aws4_request"


def answer(
    address: Address, method: str, path: str, headers: dict[str, str], body: bytes | None = None
) -> tuple[int, bytes, str | None]:
    connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=5)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    found = response.status, response.read(), response.getheader("Location")
    connection.close()
    return found


@pytest.mark.parametrize("path", ["", "docs", "model", "health", "playground/page.js"])
def test_an_endpoint_that_is_not_there_is_told(local_aws: Address, path: str) -> None:
    status, body, _ = answer(local_aws, "GET", f"/endpoints/none/{path}", {})
    assert status == 404
    assert b"Endpoint none of account" in body


def test_the_name_alone_leads_to_the_page(local_aws: Address) -> None:
    assert answer(local_aws, "GET", "/endpoints/none", {})[::2] == (308, "/endpoints/none/")


@pytest.mark.parametrize("path", ["drawings", "invocations"])
def test_only_the_pages_own_scripts_may_ask(local_aws: Address, path: str) -> None:
    own = {"Host": "localhost:5066", "Origin": "http://localhost:5066"}
    for origin, refused in ((own["Origin"], False), ("http://localhost:1", True), ("null", True)):
        status, body, _ = answer(local_aws, "POST", f"/endpoints/none/{path}", {**own, "Origin": origin}, b"smiles\n")
        assert (status == 403) == refused, (origin, body)


def test_browsers_name_the_origin_for_scripts_too(local_aws: Address) -> None:
    for origin, refused in (("http://localhost:5066", False), ("http://localhost:1", True)):
        headers = {"Host": "localhost:5066", "Origin": origin}
        status, _, _ = answer(local_aws, "GET", "/endpoints/none/playground/page.js", headers)
        assert (status == 403) == refused


def test_a_bucket_may_bear_the_name(local_aws: Address) -> None:
    _, body, _ = answer(local_aws, "GET", "/endpoints/none/docs", {"Authorization": SIGNED})
    assert b"NoSuchBucket" in body
