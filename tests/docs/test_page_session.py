"""Promise: a page's shell and Python keep what a reader would keep, and a failure is told with its line of the page."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from page_session import Session


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    clone = tmp_path / "chem-endpoints"
    clone.mkdir()
    variables = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    with Session(folder=tmp_path / "steps", clone=clone, variables=variables) as started:
        yield started


def test_the_shell_keeps_variables_folders_and_functions(session: Session) -> None:
    session.bash("mkdir inner; cd inner; mine=1; export TOLD=yes; greet() { echo hello $mine; }", 1)
    printed = session.bash("greet; basename $PWD; echo >&2 wrong", 9)
    assert printed.failed is None
    assert printed.text == "hello 1\ninner\nwrong\n"


def test_python_keeps_names_and_has_the_shells_variables_and_folder(session: Session) -> None:
    session.bash("mkdir inner; cd inner; export TOLD=yes", 1)
    printed = session.python("page.md", "import os\nx = 40\nos.environ['TOLD'], os.path.basename(os.getcwd())\n", 5)
    assert printed.text == "('yes', 'inner')\n"
    assert session.python("page.md", "def f(y):\n    return x + y\n\nf(2)\nprint('end')\n", 9).text == "42\nend\n"


def test_a_line_that_opens_python_starts_the_one_that_goes_on(session: Session) -> None:
    session.python("page.md", "x = 1\n", 1)
    assert session.bash("echo before\nenv GREETING=hello python\n", 3).text == "before\n"
    assert (
        session.python("page.md", "import os\nos.environ['GREETING'], 'x' in dir()\n", 7).text == "('hello', False)\n"
    )


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("true\nfalse\ntrue", 12),
        ("echo $nothing_like_it", 11),
        ("true | false | true", 11),
        ("exit 3", 11),
        ("f() {", 11),
    ],
    ids=["command", "variable", "pipe", "exit", "syntax"],
)
def test_a_failing_command_is_told_with_its_line(session: Session, code: str, line: int) -> None:
    assert session.bash(code, 10).failed == line


def test_a_failing_statement_is_told_with_its_line(session: Session) -> None:
    printed = session.python("page.md", "x = 1\n\n1 / 0\nx = 2\n", 20)
    assert printed.failed == 23
    assert "ZeroDivisionError" in printed.text
    assert session.python("page.md", "x\n", 30).text == "1\n"
    assert session.python("page.md", "import os\nos._exit(7)\n", 40).text == "Python ended with status 7"


def test_commands_read_nothing_and_the_shell_goes_on_after_a_background_process(session: Session) -> None:
    assert session.bash("cat; sleep 30 & echo $!", 1).failed is None
    assert session.bash("kill %1; echo ended", 5).text.endswith("ended\n")
