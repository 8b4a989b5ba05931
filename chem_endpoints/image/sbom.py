"""Software bill of materials of an image, CycloneDX 1.6.

The same image gives the same text: the serial number comes from the image's digest, and no time is in it. Not named:
libraries inside wheels, as OpenBLAS in numpy's.
"""

import json
import uuid
from collections.abc import Iterable, Mapping

from cyclonedx.contrib.hash.factories import HashTypeFactory
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from chem_endpoints.image.contents import OS_RELEASE, SOURCES_LABEL, Contents
from chem_endpoints.image.licences import UNKNOWN, licence
from chem_endpoints.image.locks import Pin, pinned
from chem_endpoints.image.packages import DebianPackage, PythonPackage, debian_packages, python_packages

PYTHON_VARIABLE = "PYTHON_VERSION"
"""Set by upstream's Python images, which build CPython themselves: no package list names it. Debian's python is a
Debian package. Source: Dockerfile of the Docker official image "python"."""

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "chem-endpoints.image")


def bill_of_materials(contents: Contents, *, image: str, pins: Iterable[Pin]) -> str:
    """JSON text of the bill: every Python and Debian package with purl, version and licence, and Python itself.

    Args:
        contents: the image.
        image: its name.
        pins: of its lock; give the hashes of the distributions that may have been installed.
    """
    locked = pinned(pins, contents.settings.architecture)
    release = _debian_release(contents)
    components = [
        *(_python_component(package, locked) for package in python_packages(contents)),
        *(_debian_component(package, release) for package in debian_packages(contents)),
        *_built_python(contents),
    ]
    root = _image(contents, image)
    bom = Bom(
        serial_number=uuid.uuid5(_NAMESPACE, contents.digest),
        metadata=BomMetaData(component=root),
        components=components,
    )
    bom.register_dependency(root, components)
    return _without_time(JsonV1Dot6(bom).output_as_string())


def _without_time(text: str) -> str:
    """The library writes the time of its call where none is given; the specification asks for none."""
    written = json.loads(text)
    written["metadata"].pop("timestamp", None)
    return json.dumps(written, indent=2, sort_keys=True) + "\n"


def _image(contents: Contents, image: str) -> Component:
    return Component(
        name=f"chem-endpoints:{image}",
        type=ComponentType.CONTAINER,
        bom_ref=contents.digest,
        version=contents.settings.labels.get(SOURCES_LABEL),
    )


def _python_component(package: PythonPackage, locked: Mapping[str, Pin]) -> Component:
    purl = PackageURL(type="pypi", name=package.name, version=package.version)
    stated = licence(package).text
    pin = locked.get(package.name) if package.is_ours else None
    return Component(
        name=package.name,
        version=package.version,
        bom_ref=f"{purl}#{package.folder}",
        purl=purl,
        licenses=[] if stated == UNKNOWN else [LicenseFactory().make_from_string(stated)],
        external_references=[] if pin is None else [_distributions(pin)],
    )


def _distributions(pin: Pin) -> ExternalReference:
    return ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(f"https://pypi.org/simple/{pin.name}/"),
        comment="the hashes that the lock allows",
        hashes=[HashTypeFactory().from_composite_str(each) for each in sorted(pin.hashes)],
    )


def _debian_component(package: DebianPackage, release: str | None) -> Component:
    qualifiers = {"arch": package.architecture} | ({} if release is None else {"distro": release})
    purl = PackageURL(type="deb", namespace="debian", name=package.name, version=package.version, qualifiers=qualifiers)
    return Component(name=package.name, version=package.version, bom_ref=str(purl), purl=purl)


def _built_python(contents: Contents) -> list[Component]:
    """CPython where the base image built it; none: a Debian package brought it."""
    version = contents.settings.environment.get(PYTHON_VARIABLE)
    if not version:
        return []
    purl = PackageURL(type="generic", name="python", version=version)
    return [Component(name="python", type=ComponentType.PLATFORM, version=version, bom_ref=str(purl), purl=purl)]


def _debian_release(contents: Contents) -> str | None:
    """``debian-12`` by /usr/lib/os-release; None: the image says nothing."""
    lines = contents.texts.get(OS_RELEASE, "").splitlines()
    stated = dict(line.replace('"', "").partition("=")[::2] for line in lines)
    return f"{stated['ID']}-{stated['VERSION_ID']}" if {"ID", "VERSION_ID"} <= stated.keys() else None
