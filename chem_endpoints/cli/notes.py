"""What is worth knowing beside the data: a line each on standard error."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click


def tell_notes(notes: Sequence[str]) -> None:
    """Says each."""
    for note in notes:
        click.echo(f"Note: {note}", err=True)


@contextmanager
def warnings_told(*, quiet: bool = False) -> Iterator[None]:
    """Says what the library warns of inside, in the same way; ``quiet``: says nothing."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield
    if not quiet:
        tell_notes([str(warning.message) for warning in caught if issubclass(warning.category, UserWarning)])
