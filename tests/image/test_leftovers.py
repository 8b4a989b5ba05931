"""Promise: what an image must not hold is found, and what it needs is not called a leftover."""

import random
import tarfile
from pathlib import Path

import pytest

from chem_endpoints.image.contents import read_contents
from chem_endpoints.image.leftovers import RULES, leftovers
from written_images import FOLDER, Entry, distribution, write_image

SITE = "opt/venv/lib/python3.11/site-packages"
CLEAN: dict[str, Entry | str] = {
    **distribution("numpy", "2", modules={"numpy/__init__.py": "", "numpy/testing/__init__.py": ""}),
    f"{SITE}/numpy/core.so": "",
    f"{SITE}/numpy/test_data.txt": "",
    f"{SITE}/torch/testing/_internal/py312_intrinsics.py": "type x = int",
    "opt/program/container/server/__main__.py": "",
    "opt/program/container/server/__pycache__/__main__.cpython-311.pyc": "",
    "opt/program/container/serve": "",
    "opt/program/chem_endpoints/__init__.py": "",
    "opt/program/chem_endpoints/__pycache__/__init__.cpython-311.pyc": "",
    "tmp": Entry(kind=tarfile.DIRTYPE, mode=0o1777),
    "dev/null": Entry(kind=tarfile.CHRTYPE, mode=0o666),
    "dev/shm": Entry(kind=tarfile.DIRTYPE, mode=0o1777),
    "bin": Entry(kind=tarfile.SYMTYPE, mode=0o777, target="usr/bin"),
    "usr/bin/ldd": "",
    "usr/bin/passwd": "",
    "usr/local/lib/python3.11/json/__init__.py": "",
    "usr/local/lib/python3.11/json/__pycache__/__init__.cpython-311.pyc": "",
    "usr/local/lib/python3.11/unittest/test/test_case.py": "",
    "usr/local/lib/python3.11/idlelib/run.py": "",
    "var/mail": Entry(kind=tarfile.DIRTYPE, mode=0o2775),
    "var/cache/apt/archives": FOLDER,
    "wheels": FOLDER,
    "etc/pip.conf": "",
}
LEFT: list[tuple[str, str, Entry | str]] = [
    ("tests of packages", f"{SITE}/scipy/special/tests/data/boost.npz", ""),
    ("tests of packages", f"{SITE}/torch/test/a.bin", ""),
    ("headers", f"{SITE}/torch/include/ATen/ATen.h", ""),
    ("headers", "usr/include/zlib.h", ""),
    ("static libraries", f"{SITE}/numpy/random/lib/libnpyrandom.a", ""),
    ("type stubs", f"{SITE}/rdkit-stubs/Chem/__init__.pyi", ""),
    ("compilers", "usr/bin/x86_64-linux-gnu-gcc-12", ""),
    ("compilers", "usr/bin/cc", ""),
    ("compilers", f"{SITE}/torch/bin/ninja", ""),
    ("installers", "usr/local/bin/pip3.11", ""),
    ("installers", "opt/venv/bin/uv", ""),
    ("installers", "usr/local/lib/python3.11/site-packages/setuptools/__init__.py", ""),
    ("installers", "usr/local/lib/python3.11/ensurepip/_bundled/pip-24.0-py3-none-any.whl", ""),
    ("installers", "usr/local/bin/wheel", Entry(kind=tarfile.SYMTYPE, mode=0o777, target="nowhere")),
    ("how Python was built", "usr/local/lib/pkgconfig/python3.pc", ""),
    ("how Python was built", "usr/local/lib/python3.11/config-3.11-aarch64-linux-gnu/Makefile", ""),
    ("caches of installers", "root/.cache/uv/a", ""),
    ("caches of installers", "var/lib/apt/lists/deb_dists_bookworm_InRelease", ""),
    ("caches of installers", "var/cache/apt/pkgcache.bin", ""),
    ("caches of installers", "tmp/build.log", ""),
    ("what the build mounted or copied", "wheels/torch.whl", "wheel"),
    ("what the build mounted or copied", "etc/pip.conf", "[global]"),
    ("what the build mounted or copied", "root/.aws/credentials", "key"),
    ("setuid and setgid files", "usr/bin/su", Entry(mode=0o4755)),
    ("setuid and setgid files", "usr/bin/chage", Entry(mode=0o2755)),
    ("what all may write", "var/tmp", Entry(kind=tarfile.DIRTYPE, mode=0o1777)),
    ("what all may write", "opt/venv/settings", Entry(mode=0o666)),
    ("files of the running user", "opt/program/container/serve", Entry(uid=10001)),
    ("what no server reads of this repository", "opt/program/chem_endpoints/client/endpoint.cfg", ""),
    ("what no server reads of this repository", "opt/program/tests/conftest.cfg", ""),
    ("what no server reads of this repository", "opt/program/container/Dockerfile", ""),
    ("what no server reads of this repository", "opt/program/.git/HEAD", ""),
    ("modules without byte code", "opt/program/model_scripts/new.py", ""),
    ("modules without byte code", f"{SITE}/pandas/new.py", ""),
    ("modules without byte code", "usr/local/lib/python3.11/csv.py", ""),
]

_CONFIG = "usr/local/lib/python3.11/config-3.11-x86_64-linux-gnu"
_BYTE_CODE = "__pycache__/{}.cpython-311.pyc"
UPSTREAM: dict[str, str | None] = {
    "usr/local/bin/python3.11": None,
    "usr/local/bin/pydoc3.11": None,
    "usr/local/bin/pip3.11": "installers",
    "usr/local/bin/wheel": "installers",
    "usr/local/include/python3.11/Python.h": "headers",
    "usr/local/include/python3.11/cpython/object.h": "headers",
    "usr/local/include/python3.11/internal/pycore_ast.h": "headers",
    "usr/local/lib/libpython3.11.so.1.0": None,
    "usr/local/lib/pkgconfig/python-3.11-embed.pc": "how Python was built",
    "usr/local/lib/pkgconfig/python3.pc": "how Python was built",
    f"{_CONFIG}/Makefile": "how Python was built",
    f"{_CONFIG}/config.c": "how Python was built",
    f"{_CONFIG}/install-sh": "how Python was built",
    f"{_CONFIG}/python.o": "how Python was built",
    f"{_CONFIG}/python-config.py": "how Python was built",
    f"{_CONFIG}/{_BYTE_CODE.format('python-config')}": "how Python was built",
    "usr/local/lib/python3.11/LICENSE.txt": None,
    "usr/local/lib/python3.11/_sysconfigdata__linux_x86_64-linux-gnu.py": None,
    f"usr/local/lib/python3.11/{_BYTE_CODE.format('_sysconfigdata__linux_x86_64-linux-gnu')}": None,
    "usr/local/lib/python3.11/config/__init__.txt": None,
    "usr/local/lib/python3.11/ensurepip/_bundled/pip-24.0-py3-none-any.whl": "installers",
    "usr/local/lib/python3.11/lib-dynload/_json.cpython-311-x86_64-linux-gnu.so": None,
    "usr/local/lib/python3.11/site-packages/README.txt": None,
    "usr/local/lib/python3.11/site-packages/wheel/__init__.py": "installers",
    "usr/local/share/man/man1/python3.11.1": None,
}
"""Paths that upstream's python:3.11-slim has in /usr/local, and the rule that names each which must go."""


def test_of_upstreams_python_all_goes_that_no_server_reads(tmp_path: Path) -> None:
    found = leftovers(read_contents(write_image(tmp_path, dict.fromkeys(UPSTREAM, ""))))
    named = {file.path: left.rule.name for left in found for file in left.files}
    assert named == {path: rule for path, rule in UPSTREAM.items() if rule}


def test_an_image_with_what_it_needs_has_no_leftover(tmp_path: Path) -> None:
    assert leftovers(read_contents(write_image(tmp_path, CLEAN))) == ()


@pytest.mark.parametrize(("rule", "path", "entry"), LEFT, ids=[path for _, path, _ in LEFT])
def test_a_leftover_is_found_by_its_rule_alone(tmp_path: Path, rule: str, path: str, entry: Entry | str) -> None:
    (found,) = leftovers(read_contents(write_image(tmp_path, CLEAN | {path: entry})))
    assert (found.rule.name, [file.path for file in found.files]) == (rule, [path])


def test_every_rule_has_found_something_here() -> None:
    assert {rule for rule, _, _ in LEFT} == {rule.name for rule in RULES}


def test_what_a_later_layer_deletes_is_no_leftover(tmp_path: Path) -> None:
    assert leftovers(read_contents(write_image(tmp_path, {"usr/bin/cc": ""}, {"usr/bin/.wh.cc": ""}))) == ()


def test_a_leftover_tells_three_paths_the_rest_by_number_and_why(tmp_path: Path) -> None:
    (found,) = leftovers(read_contents(write_image(tmp_path, {f"usr/bin/gcc-{n}": "" for n in range(1, 6)})))
    assert str(found) == (
        "compilers: /usr/bin/gcc-1, /usr/bin/gcc-2, /usr/bin/gcc-3 and 2 more "
        "(nothing is compiled in the image, and an intruder should find none)"
    )


def test_those_that_take_most_come_first(tmp_path: Path) -> None:
    noise = Entry(content=random.Random(1).randbytes(100_000))
    found = leftovers(read_contents(write_image(tmp_path, {"usr/bin/cc": "", "x/libx.a": noise})))
    assert [left.rule.name for left in found] == ["static libraries", "compilers"]
