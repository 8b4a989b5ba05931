"""Promise: the report of an image tells its size, what it holds, and all that must not ship."""

import hashlib
import json
import random
import socket
from pathlib import Path

import pytest

from advisory_service import FIXED, serving
from chem_endpoints.image.budget import BUDGETS, Budget, over_budget
from chem_endpoints.image.contents import read_contents
from chem_endpoints.image.report import Report, write_report
from chem_endpoints.spec.image_source import source_hash
from written_images import Entry, distribution, write_image

LOCK = "".join(f"p{n}==1 --hash=sha256:{n:064}\n" for n in range(12))
NOISE = random.Random(1).randbytes(400_000)
CLEAN: dict[str, Entry | str] = {}
for n in range(12):
    CLEAN |= distribution(f"p{n}", "1", modules={f"p{n}.py": "", f"p{n}.bin": ""}, headers="License: MIT")
    CLEAN[f"opt/venv/lib/python3.11/site-packages/p{n}.bin"] = Entry(content=NOISE[: 33_000 * n])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "requirements").mkdir()
    for name in ("base", "full"):
        (tmp_path / "requirements" / f"{name}.lock").write_text(LOCK)
    return tmp_path


def report(
    root: Path,
    *,
    layer: dict[str, Entry | str] = CLEAN,
    ask: bool = False,
    strict: bool = False,
    service: str = "",
    sources: str | None = None,
) -> Report:
    folder = write_image(root / "export", layer)
    label(folder, source_hash(root, "base") if sources is None else sources)
    return write_report(folder, image="base", output=root / "out", root=root, ask=ask, strict=strict, service=service)


def label(folder: Path, sources: str) -> None:
    """Has the written image say what it was built from."""
    manifest = json.loads((folder / "manifest.json").read_text())
    unlabelled = folder / manifest["config"]["digest"].removeprefix("sha256:")
    config = json.loads(unlabelled.read_text())
    unlabelled.unlink()
    config["config"]["Labels"]["org.opencontainers.image.version"] = sources
    text = json.dumps(config).encode()
    digest = hashlib.sha256(text).hexdigest()
    (folder / digest).write_bytes(text)
    manifest["config"] = {"digest": f"sha256:{digest}", "size": len(text)}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_an_image_as_it_should_be_has_no_problem_and_three_files(root: Path) -> None:
    written = report(root)
    assert written.problems == ()
    assert [file.name for file in written.files] == ["base.md", "base.json", "base.cdx.json"]
    assert all(file.stat().st_size for file in written.files)


def test_the_ten_largest_packages_are_told_the_largest_first(root: Path) -> None:
    expected = [f"p{n}" for n in range(11, 1, -1)]
    written = report(root)
    told = [line.split() for line in written.text.splitlines() if line.startswith("  ")]
    assert [words[2] for words in told] == expected
    page = (root / "out" / "base.md").read_text()
    table = page.partition("## Ten largest packages")[2].partition("##")[0]
    assert [line.split()[1] for line in table.splitlines() if line.startswith("| p")] == expected


def test_the_figures_are_those_of_the_image(root: Path) -> None:
    report(root)
    figures = json.loads((root / "out" / "base.json").read_text())
    blobs = [path for path in (root / "export").iterdir() if path.name != "manifest.json"]
    assert figures["compressed_bytes"] in [blob.stat().st_size for blob in blobs]
    assert figures["limit_bytes"] == BUDGETS["base"].limit
    assert len(figures["python_packages"]) == 12


@pytest.mark.parametrize(("strict", "problems"), [(False, 0), (True, 1)], ids=["default", "strict"])
def test_no_answer_of_the_advisory_service_is_a_problem_only_where_it_must_answer(
    root: Path, strict: bool, problems: int
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}/v1/query"
        written = report(root, ask=True, strict=strict, service=address)
    assert len(written.problems) == problems
    assert "advisories: skipped: advisory service not reachable" in written.text
    assert "skipped: advisory service not reachable" in (root / "out" / "base.md").read_text()


@pytest.mark.parametrize("fixed", [FIXED, None], ids=["fixed", "no fixed release"])
def test_a_vulnerability_is_a_problem_once_a_release_fixes_it_and_is_always_reported(
    root: Path, fixed: str | None
) -> None:
    with serving() as service:
        service.vulnerable |= {"p3"}
        service.fixed = fixed
        written = report(root, ask=True, strict=True, service=service.address)
    told = f"p3 1 has PYSEC-2026-p3: update to {fixed}, then run `make lock`"
    assert written.problems == ((told,) if fixed else ())
    assert "advisories: 1 known vulnerabilities, 12 Python packages asked for" in written.text
    assert f"| p3 | 1 | PYSEC-2026-p3 CVE-2026-1 | {fixed or 'no release'} |" in (root / "out" / "base.md").read_text()


def test_where_nothing_was_asked_the_report_says_so(root: Path) -> None:
    assert "advisories: skipped: not asked for" in report(root).text


def test_a_leftover_a_package_outside_the_lock_and_another_lock_are_problems(root: Path) -> None:
    (root / "requirements" / "full.lock").write_text(LOCK.replace("p3==1", "p3==2"))
    layer = {**CLEAN, **distribution("extra", "1"), "usr/bin/gcc": ""}
    leftover, lock, package = report(root, layer=layer).problems
    assert leftover.startswith("compilers: /usr/bin/gcc ")
    assert lock == "base.lock pins p3 1, full.lock pins 2: run `make lock`"
    assert package == "extra 1 is installed, but no lock pins it: build the image again"
    page = (root / "out" / "base.md").read_text()
    assert all(f"| {problem} |" in page for problem in (leftover, lock, package))


@pytest.mark.parametrize("sources", ["unknown", "0" * 64])
def test_an_image_of_other_sources_is_a_problem(root: Path, sources: str) -> None:
    (problem,) = report(root, sources=sources).problems
    assert problem == "it was built from other sources: build it again: chem-endpoints image build base"


def test_only_more_than_the_limit_is_over_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = read_contents(write_image(tmp_path, {"a": Entry(content=NOISE)}))
    size = contents.compressed
    monkeypatch.setattr("chem_endpoints.image.budget.BUDGETS", {"base": Budget(limit=size, aim=size)})
    assert over_budget(contents, "base") is None
    assert over_budget(contents, "deep-gpu") is None
    monkeypatch.setattr("chem_endpoints.image.budget.BUDGETS", {"base": Budget(limit=size - 1, aim=size)})
    assert "base is 0.4 MB gzipped, its limit is 0.4 MB: " in str(over_budget(contents, "base"))


def test_the_budgets_are_those_that_the_images_are_judged_by() -> None:
    assert {name: (budget.limit, budget.aim) for name, budget in BUDGETS.items()} == {
        "base": (300_000_000, 270_000_000),
        "deep": (540_000_000, 480_000_000),
    }
