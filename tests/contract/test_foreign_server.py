"""Promise: the suite is fair: a server that knows nothing of us keeps most clauses, and breaks those that we name."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest

from server_processes import ROOT, free_port
from tests.contract.clauses import CLAUSES, Audience

PAGE = ROOT / "docs/contract.md"


@pytest.fixture
def foreign_server() -> Iterator[str]:
    port = free_port()
    command = [sys.executable, str(Path(__file__).with_name("foreign_server.py")), str(port)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # it writes a traceback for each mistake
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                if httpx.get(f"{url}/ping").status_code == 200:
                    break
            except httpx.ConnectError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


def asked_of(url: str, folder: Path) -> dict[str, set[str]]:
    """Runs the suite as its users do; returns clause → outcomes of its cases."""
    (folder / "model.csv").write_bytes(b"smiles\nCCO\nc1ccccc1\nCC(=O)O\n")
    (folder / "model.json").write_bytes(b'[{"smiles": "CCO"}, {"smiles": "c1ccccc1"}]')
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", "tests/contract", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
    command += ["--base-url", url, "--model-csv", str(folder / "model.csv"), "--model-json", str(folder / "model.json")]
    subprocess.run(command, cwd=ROOT, check=False, capture_output=True)
    outcomes: dict[str, set[str]] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        for number in (found.get("value", "") for found in case.iter("property")):
            outcome = next((kind for kind in ("failure", "error", "skipped") if case.find(kind) is not None), "passed")
            outcomes.setdefault(number, set()).add(outcome)
    return outcomes


def test_a_plain_server_keeps_and_breaks_what_the_page_says(foreign_server: str, tmp_path: Path) -> None:
    outcomes = asked_of(foreign_server, tmp_path)
    assert set(outcomes) == set(CLAUSES)
    told = PAGE.read_text(encoding="utf-8").partition("## A plain server")[2]
    assert sorted(re.findall(r"^\| (C\d\d) \|", told, re.MULTILINE)) == sorted(
        number for number, kinds in outcomes.items() if kinds & {"failure", "error"}
    )
    skipped = {number for number, kinds in outcomes.items() if kinds == {"skipped"}}
    assert skipped == {number for number, clause in CLAUSES.items() if clause.audience is not Audience.ANY}
