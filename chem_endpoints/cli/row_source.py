"""What the commands take rows from: a file, standard input, or SMILES on the command line."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from chem_endpoints.client.files.formats import FORMATS, STANDARD_STREAM, Format, format_of

if TYPE_CHECKING:
    from chem_endpoints.client.files import FileRows

F = TypeVar("F", bound=Callable[..., Any])

format_option = click.option(
    "--format",
    "stream_format",
    type=click.Choice(FORMATS),
    default=None,
    help="Format of standard input and standard output, and of files whose ending tells none. Default: csv.",
)


def model_options(command: F) -> F:
    """The options that say which columns travel and what is asked for."""
    for option in reversed(
        [
            click.option("--smiles", metavar="COLUMN", default=None, help="Your column of SMILES, if not 'smiles'."),
            click.option(
                "--column",
                "renamed",
                metavar="MINE=THEIRS",
                multiple=True,
                help="Your column for the model's feature THEIRS; may be repeated.",
            ),
            click.option("--explain", is_flag=True, help="Add the columns that explain each prediction."),
            click.option("--conformers", is_flag=True, help="Add each row's conformers as SDF."),
        ]
    ):
        command = option(command)
    return command


def columns_of(renamed: Sequence[str]) -> dict[str, str]:
    """``MINE=THEIRS`` → mine: theirs; a name of yours may itself hold ``=``.

    Raises:
        click.UsageError: one is not such a pair.
    """
    pairs = [pair.rpartition("=") for pair in renamed]
    for mine, _, theirs in pairs:
        if not mine or not theirs:
            raise click.UsageError("--column takes MINE=THEIRS: your column, an equals sign, the model's feature")
    return {mine: theirs for mine, _, theirs in pairs}


def names_file(source: str) -> bool:
    """Whether a word of the command line is a file or ``-``, and not SMILES."""
    return source == STANDARD_STREAM or format_of(Path(source)) is not None or Path(source).is_file()


def read_source(sources: Sequence[str], stream_format: Format | None) -> "FileRows":
    """The rows of a file or of standard input; or SMILES, one row each.

    Raises:
        click.UsageError: a file together with something else.
        chem_endpoints.client.files.FileError: the file cannot be read.
    """
    import pandas as pd

    from chem_endpoints.client.files import FileRows, read_rows
    from chem_endpoints.wire.columns import SMILES

    files = [source for source in sources if names_file(source)]
    if files and len(sources) > 1:
        raise click.UsageError(f"give one file, or SMILES, not {files[0]} and more")
    if files:
        told = None if files[0] == STANDARD_STREAM else format_of(Path(files[0]))
        return read_rows(files[0], format=told or stream_format)
    return FileRows(frame=pd.DataFrame({SMILES: pd.Series(sources, dtype="str")}), format="csv", name="command line")
