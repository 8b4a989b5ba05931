"""Promise: the bill of materials is valid CycloneDX, names every package, and is the same for the same image."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from chem_endpoints.image.contents import read_contents
from chem_endpoints.image.locks import Pin
from chem_endpoints.image.sbom import bill_of_materials
from written_images import Entry, distribution, write_image

SHA256 = "0a30ef8f5322a4173720ae6712dc9a5e58f5a19868f3f167b4b5778db066c2b5"
STATUS = "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36-9+deb12u10\n"
LAYER: dict[str, Entry | str] = {
    **distribution("Numpy", "2.4.6", headers="License-Expression: BSD-3-Clause AND MIT"),
    **distribution("h11", "0.16", headers="License: MIT"),
    **distribution("scipy", "1", headers="License: Our words"),
    **distribution("skops", "1"),
    **distribution("h11", "0.15", folder="usr/local/lib/python3.11/site-packages"),
    "var/lib/dpkg/status": STATUS,
    "usr/lib/os-release": 'ID=debian\nVERSION_ID="12"\n',
}
PINS = [Pin(name="h11", version="0.16", marker="", hashes=frozenset({f"sha256:{SHA256}"}))]


def bill(folder: Path, *, pins: list[Pin] = PINS, layer: dict[str, Entry | str] = LAYER) -> str:
    return bill_of_materials(read_contents(write_image(folder, layer)), image="base", pins=pins)


@pytest.fixture
def components(tmp_path: Path) -> dict[str, dict[str, Any]]:
    return {component["purl"]: component for component in json.loads(bill(tmp_path))["components"]}


def test_it_keeps_the_schema_of_cyclonedx_1_6(tmp_path: Path) -> None:
    text = bill(tmp_path)
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace('"components"', '"parts"')) is not None
    assert json.loads(text)["specVersion"] == "1.6"


def test_every_package_is_named_by_its_purl(components: dict[str, dict[str, Any]]) -> None:
    assert set(components) == {
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=debian-12",
        "pkg:pypi/h11@0.15",
        "pkg:pypi/h11@0.16",
        "pkg:pypi/numpy@2.4.6",
        "pkg:pypi/scipy@1",
        "pkg:pypi/skops@1",
    }


@pytest.mark.parametrize(("version", "named"), [("3.11.9", 1), (None, 0)], ids=["built", "of Debian"])
def test_the_python_that_no_package_brought_is_named(tmp_path: Path, version: str | None, named: int) -> None:
    contents = read_contents(write_image(tmp_path, LAYER))
    environment = {} if version is None else {"PYTHON_VERSION": version}
    settings = dataclasses.replace(contents.settings, environment=environment)
    text = bill_of_materials(dataclasses.replace(contents, settings=settings), image="base", pins=PINS)
    found = [part for part in json.loads(text)["components"] if part["name"] == "python"]
    assert [(part["type"], part["version"], part["purl"]) for part in found] == [
        ("platform", "3.11.9", "pkg:generic/python@3.11.9")
    ] * named
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_licences_are_spdx_where_the_metadata_is_and_never_invented(components: dict[str, dict[str, Any]]) -> None:
    assert components["pkg:pypi/h11@0.16"]["licenses"] == [{"license": {"id": "MIT"}}]
    assert components["pkg:pypi/numpy@2.4.6"]["licenses"] == [{"expression": "BSD-3-Clause AND MIT"}]
    assert components["pkg:pypi/scipy@1"]["licenses"] == [{"license": {"name": "Our words"}}]
    assert "licenses" not in components["pkg:pypi/skops@1"]


def test_the_hashes_are_those_of_the_lock_and_of_its_packages_alone(components: dict[str, dict[str, Any]]) -> None:
    (reference,) = components["pkg:pypi/h11@0.16"]["externalReferences"]
    assert reference["hashes"] == [{"alg": "SHA-256", "content": SHA256}]
    assert "externalReferences" not in components["pkg:pypi/h11@0.15"]
    assert "externalReferences" not in components["pkg:pypi/numpy@2.4.6"]


def test_the_same_image_gives_the_same_text_and_another_one_another_number(tmp_path: Path) -> None:
    first, again, other = bill(tmp_path / "a"), bill(tmp_path / "b"), bill(tmp_path / "c", layer=LAYER | {"x": ""})
    assert first == again
    assert json.loads(first)["serialNumber"] != json.loads(other)["serialNumber"]
    assert "timestamp" not in first


def test_the_image_itself_is_the_subject_and_holds_all(tmp_path: Path) -> None:
    written = json.loads(bill(tmp_path))
    subject = written["metadata"]["component"]
    assert (subject["type"], subject["name"], subject["version"]) == ("container", "chem-endpoints:base", "abc")
    (held,) = [entry["dependsOn"] for entry in written["dependencies"] if entry["ref"] == subject["bom-ref"]]
    assert sorted(held) == sorted(component["bom-ref"] for component in written["components"])
