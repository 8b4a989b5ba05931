"""Promise: the picture of the folders shows what there is and which imports which, what CONTRIBUTING names exists, and
the hooks are this project's locked tools and find nothing in what is committed."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PICTURE = ElementTree.parse(ROOT / "docs/images/layout.svg")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
SVG = "{http://www.w3.org/2000/svg}"


def names_in_the_picture() -> list[str]:
    return [str(text.text) for text in PICTURE.iter(f"{SVG}text") if text.get("class") == "code"]


def arrows(kind: str) -> list[tuple[str, str]]:
    return [
        (path.attrib["data-from"], path.attrib["data-to"])
        for path in PICTURE.iter(f"{SVG}path")
        if path.get("class") == kind and "data-from" in path.attrib
    ]


def imported_by(package: str) -> set[str]:
    """Every module that a package, or a file, imports."""
    place = ROOT / package if package.endswith(".py") else ROOT / package.replace(".", "/")
    found: set[str] = set()
    for path in [place] if place.is_file() else place.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
    return found


def is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def test_every_folder_of_the_picture_exists() -> None:
    library = ("cli/", "client/", "local/", "plan/", "doctor/", "smoke/", "image/", "spec/", "wire/")
    for name in names_in_the_picture():
        assert (ROOT / "chem_endpoints" / name if name in library else ROOT / name).exists(), name


def test_every_package_is_in_the_picture() -> None:
    shown = {name.rstrip("/") for name in names_in_the_picture()}
    assert set(CONTRACTS["root_packages"]) <= shown
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    folders = {line.partition("/")[0] for line in listed.splitlines() if "/" in line and not line.startswith(".")}
    assert folders <= shown


def test_every_arrow_is_an_import_and_no_contract_forbids_it() -> None:
    drawn = arrows("imports")
    for source, target in drawn:
        modules = imported_by(source)
        assert any(is_in(module, target) for module in modules), (source, target)
    assert len(drawn) == 6
    for contract in CONTRACTS["contracts"]:
        for source in contract.get("source_modules", []):
            for target in contract["forbidden_modules"]:
                assert not [arrow for arrow in drawn if is_in(arrow[0], source) and is_in(arrow[1], target)]


def test_what_is_started_as_a_process_is_never_imported() -> None:
    imported = imported_by("chem_endpoints")
    started = [target for _, target in arrows("starts")]
    assert started
    assert not [module for module in imported for target in started if is_in(module, target.removesuffix(".py"))]


def test_the_files_that_the_recipes_name_exist() -> None:
    examples = ("mean", "pool", "sqs")
    named = {
        name
        for name in re.findall(r"`((?:[\w.-]+/)+[\w.-]*\.?\w*)(?:::\w+)?`", CONTRIBUTING)
        if not any(word in name for word in examples)
    }
    assert len(named) > 20
    assert not [name for name in named if not (ROOT / name).exists()]


def test_the_tests_that_the_recipes_name_exist() -> None:
    tests = set(re.findall(r"`(?:[\w/.]+::)?(test_\w+)`", CONTRIBUTING))
    written = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.M)
    }
    assert len(tests) >= 8
    assert tests <= written


def test_the_commands_that_the_page_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([\w-]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"`make ([\w-]+)", CONTRIBUTING)) <= targets


def test_the_hooks_are_the_locked_tools() -> None:
    (repository,) = HOOKS["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        assert hook["language"] == "system"
        assert hook["entry"].startswith((".venv/bin/", "requirements/")), hook["id"]


def pre_commit(tmp_path: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    env = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "pre_commit", *words]
    return subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True, text=True)


def test_the_configuration_of_the_hooks_is_valid(tmp_path: Path) -> None:
    told = pre_commit(tmp_path, "validate-config")
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.thorough
def test_the_hooks_find_nothing_in_what_is_committed(tmp_path: Path) -> None:
    told = pre_commit(tmp_path, "run", "--all-files")
    assert told.returncode == 0, told.stdout + told.stderr


def committed_files() -> ModuleType:
    spec = spec_from_file_location("committed_files", ROOT / ".ci/committed_files.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("tests/large.bin", b"\0" * 500_001, "500,001 bytes; at most 500,000"),
        ("tests/compounds.sdf.gz", b"\0", "a table of structures"),
        ("endpoints/compounds.CSV", b"smiles\nC\n", "a table of structures"),
        ("examples/data/public.csv", b"smiles\nC\n", ""),
        ("a.py", b"x = 1 \n", "line 1 ends with blanks"),
        ("a.py", b"x = 1\ny = 2\t\n", "line 2 ends with blanks"),
        ("a.py", b"x = 1", "no line end at the end of the file"),
        ("a.py", b"<<<<<<< HEAD\n", "a left-over conflict of a merge"),
        ("tests/__snapshots__/a.ambr", b"x \n", ""),
        ("empty.py", b"", ""),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)}-bytes",
)
def test_what_no_commit_may_hold_is_told(
    name: str, content: bytes, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    found = list(committed_files().findings(path))
    assert (not found) == (told == "")
    assert not told or found[0].startswith(told)


def test_nothing_that_is_committed_is_found() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    names = [name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    command = [sys.executable, ".ci/committed_files.py", *names]
    told = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout


TEMPLATES = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.md"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_every_template_warns_of_confidential_structures(path: Path) -> None:
    _, head, body = path.read_text(encoding="utf-8").split("---\n", 2)
    assert {"name", "about", "labels"} <= set(yaml.safe_load(head))
    assert "Paste no confidential structure" in body


def test_the_licence_is_the_one_that_is_declared() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("MIT License\n\nCopyright (c) 2026 Chem Endpoints contributors\n")


def test_the_changelog_has_the_current_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"\n## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
