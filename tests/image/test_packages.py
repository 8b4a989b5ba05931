"""Promise: the packages of an image are those that it holds, each with all that it takes."""

import random
from pathlib import Path

from chem_endpoints.image.contents import Contents, read_contents
from chem_endpoints.image.packages import debian_packages, largest, python_packages
from written_images import Entry, Layer, distribution, write_image

SITE = "opt/venv/lib/python3.11/site-packages"
STATUS = """\
Package: libx11-6
Status: install ok installed
Architecture: amd64
Source: libx11 (2:1.8.4-2)
Version: 2:1.8.4-2+deb12u2
Installed-Size: 1544
Description: X11
 with a second line: of words

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: base-files
Status: install ok installed
Architecture: all
Version: 12.4
"""


def image(folder: Path, *layers: Layer) -> Contents:
    return read_contents(write_image(folder, *layers))


def test_a_package_takes_its_recorded_files_and_their_byte_code(tmp_path: Path) -> None:
    modules = {"sub/a.py": "x" * 1000, "data.bin": "y" * 500}
    (package,) = python_packages(image(tmp_path, distribution("Pack_Age", "1.0", modules=modules)))
    assert (package.name, package.version) == ("pack-age", "1.0")
    assert f"{SITE}/sub/__pycache__/a.cpython-311.pyc" in package.files
    listed = {f"{SITE}/sub/a.py", f"{SITE}/data.bin", f"{SITE}/Pack_Age-1.0.dist-info/METADATA"}
    assert set(package.files) == {*listed, f"{SITE}/sub/__pycache__/a.cpython-311.pyc"}
    assert package.size > 1504


def test_a_recorded_file_that_the_build_removed_takes_nothing(tmp_path: Path) -> None:
    removed = {f"{SITE}/tests/.wh.big.py": ""}
    whole = distribution("a", "1", modules={"a.py": "x", "tests/big.py": "y" * 10_000})
    (package,) = python_packages(image(tmp_path, whole, removed))
    assert f"{SITE}/tests/big.py" not in package.files
    assert package.size < 1000


def test_programs_and_quoted_names_of_a_record_are_found(tmp_path: Path) -> None:
    files: dict[str, Entry | str] = {
        f"{SITE}/a-1.dist-info/METADATA": "Name: a\nVersion: 1\n",
        f"{SITE}/a-1.dist-info/RECORD": '../../../bin/a,sha256=x,3\n"a,b.txt",,\n',
        "opt/venv/bin/a": "run",
        f"{SITE}/a,b.txt": "text",
    }
    (package,) = python_packages(image(tmp_path, files))
    assert (package.files, package.size) == (("opt/venv/bin/a", f"{SITE}/a,b.txt"), 7)


def test_only_what_the_lock_put_into_the_environment_is_ours(tmp_path: Path) -> None:
    layer = {
        **distribution("locked", "1"),
        **distribution("copied", "1", folder=f"{SITE}/locked/_vendor"),
        **distribution("system", "1", folder="usr/local/lib/python3.11/site-packages"),
    }
    assert {package.name: package.is_ours for package in python_packages(image(tmp_path, layer))} == {
        "copied": False,
        "locked": True,
        "system": False,
    }


def test_packages_of_debian_with_an_egg_info_folder_are_seen(tmp_path: Path) -> None:
    layer = {"usr/lib/python3/dist-packages/wheel-0.38.egg-info/PKG-INFO": "Name: wheel\nVersion: 0.38\n"}
    assert [package.name for package in python_packages(image(tmp_path, layer))] == ["wheel"]


def test_the_largest_packages_are_those_that_take_most_of_the_download(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(100_000)
    layer = {
        **distribution("zeros", "1", modules={"a.py": "0" * 900_000}),
        **distribution("noise", "1"),
        f"{SITE}/noise.py": Entry(content=noise),
        **distribution("small", "1"),
    }
    packages = python_packages(image(tmp_path, layer))
    assert [package.name for package in largest(packages, 1)] == ["noise"]
    assert max(packages, key=lambda package: package.size).name == "zeros"


def test_debian_packages_are_those_that_are_installed(tmp_path: Path) -> None:
    base, library = debian_packages(image(tmp_path, {"var/lib/dpkg/status": STATUS}))
    assert (library.name, library.version, library.source) == ("libx11-6", "2:1.8.4-2+deb12u2", "libx11")
    assert (library.architecture, library.size) == ("amd64", 1544 * 1024)
    assert (base.name, base.source, base.size) == ("base-files", "base-files", 0)


def test_an_image_that_is_no_debian_has_no_debian_package(tmp_path: Path) -> None:
    assert debian_packages(image(tmp_path, {"etc/passwd": ""})) == ()
