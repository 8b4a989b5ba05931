"""Promise: the tables of docs/command-line.md are those of the code, and each of its commands is one that there is."""

import re
import shlex
from pathlib import Path

import click
import pytest

from chem_endpoints.cli.exit_status import MEANINGS
from chem_endpoints.cli.main import ASKING, main
from chem_endpoints.cli.status_command import STATUS_KEYS
from chem_endpoints.client.files.formats import ENDINGS

PAGE = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text()
COMMANDS = [
    command.strip()
    for block in re.findall(r"^```bash (?:local|aws)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for command in re.findall(r"chem-endpoints ([^|>\n]*)", block)
]


@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_line_is_one_that_there_is(line: str) -> None:
    command: click.Command = main
    words = shlex.split(line)
    while isinstance(command, click.Group):
        command = command.commands[words.pop(0)]
    if "--like" in words:  # the file is not there
        words[words.index("--like") + 1] = __file__
    assert command.make_context("chem-endpoints", words).params


def test_the_page_names_every_command_ending_status_and_key() -> None:
    missing = [name for name in ENDINGS if f"`{name}`" not in PAGE]
    missing += [command.name or "" for command in ASKING if f"| `{command.name}" not in PAGE]
    missing += [key for key in STATUS_KEYS if f"`{key}`" not in PAGE]
    missing += [meaning for status, meaning in MEANINGS.items() if f"| {status} | {meaning} |" not in PAGE]
    assert not missing
