"""The page on every command and option: from the command line's own definitions."""

import re
from collections.abc import Iterator

import click
from page_parts import code, generated_page, table

from chem_endpoints.cli.main import main

INTRODUCTION = """\
Every command with its options, as `--help` tells them; `-h` works everywhere. What the commands that ask endpoints
read and write, with examples: [the command line](../command-line.md). Their exit statuses:
[errors](errors.md#exit-statuses)."""


def commands_page() -> str:
    """The page."""
    return generated_page("Commands", INTRODUCTION, _sections(main, "chem-endpoints"))


def _sections(group: click.Group, words: str) -> Iterator[str]:
    context = click.Context(group, info_name=words)
    for name in group.list_commands(context):
        command = group.commands[name]
        if command.hidden:
            continue
        yield from _section(command, f"{words} {name}", context)
        if isinstance(command, click.Group):
            yield from _sections(command, f"{words} {name}")


def _section(command: click.Command, words: str, parent: click.Context) -> Iterator[str]:
    context = click.Context(command, info_name=words.rpartition(" ")[2], parent=parent)
    depth = min(words.count(" ") + 1, 4)
    yield f"{'#' * depth} {words.removeprefix('chem-endpoints ')}"
    yield f"```text\n{' '.join([words, *command.collect_usage_pieces(context)])}\n```"
    yield _help(command.help or "")
    options = [_option(one, context) for one in command.params if isinstance(one, click.Option) and not one.hidden]
    if options:
        yield table(["option", "default", "what it does"], options)


def _help(text: str) -> str:
    """The help text; what it sets in lines stays so."""
    parts = []
    for paragraph in re.split(r"\n\s*\n", text.replace("\f", "").strip()):
        if not paragraph.lstrip().startswith("\b"):
            parts.append(" ".join(paragraph.split()))
            continue
        first, *lines = paragraph.lstrip().removeprefix("\b").strip("\n").splitlines()
        indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        body = "\n".join(line[indent:] for line in lines)
        parts.append(f"{first.strip()}\n\n```text\n{body}\n```" if lines else first.strip())
    return "\n\n".join(parts)


def _option(option: click.Option, context: click.Context) -> tuple[str, str, str]:
    names = ", ".join([*option.opts, *option.secondary_opts])
    value = "" if option.is_flag or option.count else f" {option.make_metavar(context)}"
    default = option.to_info_dict()["default"]
    shown = option.show_default if isinstance(option.show_default, str) else default
    kept = option.show_default and shown not in (None, "", ())
    extra = ["May be given again." if option.multiple else "", "Required." if option.required else ""]
    extra += [f"Environment variable: `{option.envvar}`." if option.envvar and option.show_envvar else ""]
    told = " ".join(filter(None, [option.help or "", *extra]))
    return code(f"{names}{value}"), code(shown) if kept else "", told
