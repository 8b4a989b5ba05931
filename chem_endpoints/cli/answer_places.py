"""Where answers go: a file and the file of its failed rows, taken before anything is asked; or standard output."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain, count
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from chem_endpoints.client.files.formats import STANDARD_STREAM, Format, format_of

if TYPE_CHECKING:
    import pandas as pd

    from chem_endpoints.client.files import FileRows
    from chem_endpoints.client.files.output_file import OutputFile

FAILED_ENDING = ".failed.csv"
"""Ending of the file of failed rows: ``predicted.csv`` → ``predicted.failed.csv``."""

PARTIAL_NAME = ".partial"
"""Put before the ending of a file that holds what was answered before an error."""


def failed_path(out: Path) -> Path:
    """The file of the rows that failed."""
    return out.with_name(_stem(out) + FAILED_ENDING)


def partial_path(out: Path) -> Path:
    """A file that is not there yet, for what was answered before an error."""
    stem = _stem(out)
    numbers = chain([""], (f"-{number}" for number in count(2)))
    names = (out.with_name(f"{stem}{PARTIAL_NAME}{number}{out.name.removeprefix(stem)}") for number in numbers)
    return next(name for name in names if not name.exists())


def _stem(out: Path) -> str:
    endings = len("".join(out.suffixes[-2:])) if out.suffix.lower() == ".gz" else len(out.suffix)
    return out.name[: len(out.name) - endings]


class AnswerPlaces:
    """Takes the places of a command's output.

    Args:
        out: file; ``None`` or ``-``: standard output.
        rows: what was read, in whose form the output is written.
        stream_format: of standard output and of a file whose name has no ending.
        keep_failed: write the failed rows to `failed_path` too, if there are any.
        force: overwrite files.
    """

    def __init__(
        self, out: Path | None, rows: "FileRows", *, stream_format: Format | None, keep_failed: bool, force: bool
    ) -> None:
        self.out = None if out is None or str(out) == STANDARD_STREAM else out
        self.failed: Path | None = None
        self._rows = rows
        self._force = force
        self._format = self._chosen_format(stream_format)
        self._keep_failed = keep_failed
        self._places = ExitStack()
        self._out_file: OutputFile | None = None
        self._failed_file: OutputFile | None = None

    def __enter__(self) -> Self:
        from chem_endpoints.client.files.output_file import OutputFile

        self._rehearse()
        with ExitStack() as taken:  # gives the first place back when the second is not to be had
            if self.out is not None:
                inputs = [Path(self._rows.name)]
                self._out_file = taken.enter_context(OutputFile(self.out, force=self._force, never=inputs))
                if self._keep_failed and self._is_file:
                    failed = OutputFile(failed_path(self.out), force=self._force, never=inputs)
                    self._failed_file = taken.enter_context(failed)
            self._places = taken.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._places.__exit__(kind, error, trace)

    def put(self, answer: "pd.DataFrame") -> None:
        """Writes the answers."""
        contents = self._encoded(answer)
        if self._out_file is not None:
            self._out_file.write(contents)
        else:
            sys.stdout.buffer.write(contents)
            sys.stdout.buffer.flush()

    def put_failed(self, failed: "pd.DataFrame") -> None:
        """Writes the failed rows, as CSV; without any, ``force`` removes a file that told of an earlier run."""
        from chem_endpoints.client.files.writing import encode_rows

        if self.out is None or self._failed_file is None:
            return
        path = failed_path(self.out)
        if len(failed):
            self._failed_file.write(encode_rows(failed, "csv", name=str(path), like=self._rows))
            self.failed = path
        elif self._force:
            path.unlink(missing_ok=True)

    @contextmanager
    def partial_kept(self) -> Iterator[None]:
        """Keeps, beside the output, what was answered before an error inside, and tells where."""
        from chem_endpoints.cli.answer_summary import summary_of
        from chem_endpoints.errors import EndpointError

        try:
            yield
        except (EndpointError, KeyboardInterrupt) as error:
            partial = getattr(error, "partial", None)  # an interrupt carries it too
            if partial is not None and summary_of(partial).predicted and self._is_file:
                path = self._put_partial(partial)
                click.echo(f"{path}: {summary_of(partial)} before the end", err=True)
            raise

    def _put_partial(self, partial: "pd.DataFrame") -> Path:
        from chem_endpoints.client.files.output_file import OutputFile

        assert self.out is not None
        path = partial_path(self.out)
        with OutputFile(path) as file:
            file.write(self._encoded(partial))
        return path

    @property
    def _is_file(self) -> bool:
        """Whether the output is a plain file, beside which others can be."""
        return self.out is not None and (self.out.is_file() or not self.out.exists())

    def _chosen_format(self, stream_format: Format | None) -> Format:
        from chem_endpoints.client.files.writing import format_for

        if self.out is None or not self.out.suffix:
            return stream_format or "csv"
        return format_of(self.out) or stream_format or format_for(self.out)

    def _rehearse(self) -> None:
        """Encodes the rows before they are sent: answers that cannot be written down are lost."""
        from chem_endpoints.wire.columns import PREDICTION_ERROR

        if self._format != "csv" and self._rows.frame.shape[1]:  # a job's rows are not known yet
            self._encoded(self._rows.frame.assign(**{PREDICTION_ERROR: ""}))

    def _encoded(self, answer: "pd.DataFrame") -> bytes:
        from chem_endpoints.client.files.writing import encode_rows

        name = "standard output" if self.out is None else str(self.out)
        return encode_rows(answer, self._format, name=name, like=self._rows)

    @property
    def carries_lines(self) -> bool:
        """Whether a cell of several lines, such as an SD file, can be written."""
        return self._format in ("csv", "parquet")
