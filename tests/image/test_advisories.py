"""Promise: an image is called clean only where a service that knows vulnerabilities was asked for every package.

pip-audit itself asks; the service is an HTTP server of this test that answers as OSV does.
"""

import socket
from collections.abc import Iterator
from email.message import Message

import pytest

from advisory_service import FIXED, Service, serving
from chem_endpoints.image.advisories import CONTROL, UNREACHABLE, Audit, audit
from chem_endpoints.image.packages import PythonPackage


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as server:
        yield server


def packages(*releases: str) -> list[PythonPackage]:
    pairs = [release.split("==") for release in releases]
    return [
        PythonPackage(name=name, version=version, folder="", metadata=Message(), files=(), size=0, compressed=0)
        for name, version in pairs
    ]


def asked(service: Service, *releases: str) -> Audit:
    return audit(packages(*releases), service=service.address)


def test_it_is_clean_where_every_package_was_asked_for_and_nothing_is_known(service: Service) -> None:
    answer = asked(service, "h11==0.16.0", "numpy==2.4.6")
    assert (answer.outcome, answer.asked, answer.advisories) == ("clean", 2, ())
    assert set(service.asked) == {("h11", "0.16.0"), ("numpy", "2.4.6"), CONTROL}


def test_a_known_vulnerability_is_found_with_its_names_and_the_release_that_fixes_it(service: Service) -> None:
    service.vulnerable |= {"h11"}
    answer = asked(service, "h11==0.16.0", "numpy==2.4.6")
    (advisory,) = answer.advisories
    assert answer.outcome == "found"
    assert (advisory.package, advisory.version, advisory.id) == ("h11", "0.16.0", "PYSEC-2026-h11")
    assert (advisory.aliases, advisory.fixed_in) == (("CVE-2026-1",), (FIXED,))


def test_one_without_a_fixed_release_is_found_too(service: Service) -> None:
    service.vulnerable |= {"h11"}
    service.fixed = None
    assert [advisory.fixed_in for advisory in asked(service, "h11==0.16.0").advisories] == [()]


def test_a_service_that_is_not_there_makes_no_image_clean() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        answer = audit(packages("h11==0.16.0"), service=f"http://127.0.0.1:{closed.getsockname()[1]}/v1/query")
    assert (answer.outcome, str(answer)) == ("skipped", f"skipped: {UNREACHABLE}")


def test_a_service_that_knows_of_no_vulnerability_at_all_makes_no_image_clean(service: Service) -> None:
    service.vulnerable = frozenset()
    answer = asked(service, "h11==0.16.0")
    assert (answer.outcome, answer.asked) == ("skipped", 0)
    assert answer.reason == "advisory service knows nothing of django==2.2, so it knows too little"


def test_a_service_that_fails_makes_no_image_clean(service: Service) -> None:
    service.status = 503
    answer = asked(service, "h11==0.16.0")
    assert answer.outcome == "skipped"
    assert answer.reason


def test_a_local_build_is_asked_for_by_its_public_release(service: Service) -> None:
    assert asked(service, "torch==2.13.0+cpu").outcome == "clean"
    assert ("torch", "2.13.0") in service.asked


def test_two_releases_of_one_package_are_both_asked_for(service: Service) -> None:
    answer = asked(service, "setuptools==66.1.1", "setuptools==84.2.1")
    assert (answer.outcome, answer.asked) == ("clean", 2)
    assert {("setuptools", "66.1.1"), ("setuptools", "84.2.1")} <= set(service.asked)
