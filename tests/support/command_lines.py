"""The single commands of a piece of shell, and whether the real programs would understand them."""

import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import click

from chem_endpoints.cli.clone import tool_path
from chem_endpoints.cli.main import main
from page_fences import ROOT

_LED: Final = ["chem-endpoints", "local", "run", "--"]
_OF_VERSION_2: Final = [["logs", "tail"]]
"""What version 2 of the AWS CLI has and version 1, which is installed with the tests, lacks."""
_OPTION: Final = re.compile(r"--[a-z][a-z0-9-]*")


def commands(shell: str) -> Iterator[list[str]]:
    """The words of each command: pipes, sequences and substitutions taken apart, without redirections."""
    pending = ""
    for line in shell.splitlines():
        pending += line.removesuffix("\\") if line.endswith("\\") else f"{line}\n"
        if line.endswith("\\"):
            continue
        lexer = shlex.shlex(pending.replace("$(", ";").replace("`", ";"), posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        try:
            words = list(lexer)
        except ValueError:  # a quote goes on in the next line
            continue
        pending = ""
        yield from _apart(words)


def _apart(words: list[str]) -> Iterator[list[str]]:
    command: list[str] = []
    for word in [*words, ";"]:
        if not set(word) <= set("();<>|&"):
            command.append(word)
            continue
        while command and re.fullmatch(r"\w+=.*", command[0]):
            del command[0]
        if command:
            yield command
            if command[: len(_LED)] == _LED:
                yield command[len(_LED) :]
        command = []


def misunderstood(words: list[str]) -> str | None:
    """What the program would say of this command; None: it understands it, or is none that is checked."""
    checks = {"chem-endpoints": _ours, "aws": _aws, "cdk": _cdk}
    check = checks.get(words[0])
    told = check(words[1:]) if check else None
    return told and f"{shlex.join(words)}: {told}"


def _ours(words: list[str]) -> str | None:
    command: click.Command = main
    try:
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            name, *words = words
            if name not in command.commands:
                return f"no such command: {name}"
            command = command.commands[name]
        command.make_context("chem-endpoints", list(words))
    except click.exceptions.Exit:  # --help, --version
        return None
    except click.UsageError as error:
        # Files are the reader's.
        return None if "does not exist" in error.format_message() else error.format_message()
    return None


def _aws(words: list[str]) -> str | None:
    if words[:2] in _OF_VERSION_2:
        return None
    table = _aws_cli()._get_command_table()
    known: set[str] = {"region", "profile", "output", "query", "endpoint-url", "no-cli-pager", "cli-input-json"}
    positional = [word for word in words if not word.startswith("-")]
    for word in positional:
        if word not in table:
            break
        command = table[word]
        known |= set(getattr(command, "arg_table", {}))
        table = getattr(command, "subcommand_table", None) or (
            command._get_command_table() if hasattr(command, "_get_command_table") else {}
        )
    else:
        word = ""
    if table and word:
        return f"the AWS CLI has no {word}"
    wrong = [each for each in words if (named := _OPTION.match(each)) and named[0].removeprefix("--") not in known]
    return f"the AWS CLI has no {', '.join(wrong)} there" if wrong else None


@cache
def _aws_cli() -> Any:
    from awscli.clidriver import create_clidriver

    return create_clidriver()


def _cdk(words: list[str]) -> str | None:
    known = _cdk_help(words[0])
    if f"cdk {words[0]}" not in known:
        return f"the CDK CLI has no {words[0]}"
    wrong = [word for word in words[1:] if (named := _OPTION.match(word)) and named[0] not in known]
    return f"the CDK CLI has no {', '.join(wrong)} there" if wrong else None


@cache
def _cdk_help(name: str) -> str:
    env = {
        "PATH": tool_path(ROOT, "/usr/bin:/bin"),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "HOME": str(Path("/nonexistent")),
    }
    command = [str(ROOT / "node_modules/.bin/cdk"), name, "--help"]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
