"""Promise: the tables of docs/command-line.md are those of the code."""

from pathlib import Path

from chem_endpoints.cli.exit_status import MEANINGS
from chem_endpoints.cli.main import ASKING
from chem_endpoints.cli.status_command import STATUS_KEYS
from chem_endpoints.client.files.formats import ENDINGS

PAGE = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text()


def test_the_page_names_every_command_ending_status_and_key() -> None:
    missing = [name for name in ENDINGS if f"`{name}`" not in PAGE]
    missing += [command.name or "" for command in ASKING if f"| `{command.name}" not in PAGE]
    missing += [key for key in STATUS_KEYS if f"`{key}`" not in PAGE]
    missing += [meaning for status, meaning in MEANINGS.items() if f"| {status} | {meaning} |" not in PAGE]
    assert not missing
