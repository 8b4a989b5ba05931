"""What a transform job leaves of records, and how it joins them with their answers.

Source: "Associate Prediction Results with Input Records", SageMaker developer guide, which lists the operators that
SageMaker takes of JSONPath; they differ from JSONPath's own, so none of its libraries answers as SageMaker does.
"""

import csv
import io
import re
from dataclasses import dataclass
from typing import Any, Self

import orjson

from chem_endpoints.wire.content_types import CSV

_STEP = re.compile(r"\.?\[(?P<brackets>[^\]]*)\]|\.(?P<name>[\w-]+)|\.(?P<star>\*)")
_NAMES = re.compile(r"'[^']*'(\s*,\s*'[^']*')*")
_INDEX = re.compile(r"-?\d+")
_OPEN_SLICE = re.compile(r"(-?\d*):")


class FilterError(Exception):
    """A filter is none that is understood here, or a record does not have what it selects."""


@dataclass(frozen=True)
class _Names:
    names: tuple[str, ...]

    def of(self, value: Any) -> Any:
        absent = [name for name in self.names if not isinstance(value, dict) or name not in value]
        if absent:
            raise FilterError(f"a record has no attribute {absent[0]!r}")
        return value[self.names[0]] if len(self.names) == 1 else {name: value[name] for name in self.names}


@dataclass(frozen=True)
class _Indexes:
    """Indexes, and slices that have no end."""

    parts: tuple[int | slice, ...]

    def of(self, value: Any) -> Any:
        if not isinstance(value, list):
            raise FilterError("a record is no array")
        try:
            if len(self.parts) == 1:
                return value[self.parts[0]]
            chosen = [value[part] if isinstance(part, slice) else [value[part]] for part in self.parts]
        except IndexError:
            raise FilterError(f"a record has {len(value)} elements only") from None
        return [element for elements in chosen for element in elements]


@dataclass(frozen=True)
class _All:
    def of(self, value: Any) -> Any:
        if isinstance(value, dict):
            return list(value.values())
        if isinstance(value, list):
            return value
        raise FilterError("a record has no elements")


Step = _Names | _Indexes | _All


@dataclass(frozen=True)
class RecordPath:
    """A JSONPath, as far as SageMaker takes it."""

    steps: tuple[Step, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads ``$``, ``$.id``, ``$['id','SageMakerOutput']``, ``$[0,-1]``, ``$[0,5:]`` and ``$.id.*``.

        Raises:
            FilterError: it is another expression. So is a slice with an end: the guide calls its end inclusive,
                JSONPath exclusive, and no document shows which of the two happens.
        """
        if not text.startswith("$"):
            raise FilterError(f"{text!r} does not begin with $")
        steps: list[Step] = []
        place = 1
        while place < len(text):
            found = _STEP.match(text, place)
            if found is None or (steps and isinstance(steps[-1], _All)):
                raise FilterError(f"the local AWS does not understand {text[place:]!r} in {text!r}")
            steps.append(_step(found, text))
            place = found.end()
        return cls(tuple(steps))

    @property
    def selects_all(self) -> bool:
        """Whether it is ``$``."""
        return not self.steps

    @property
    def fits_rows(self) -> bool:
        """Whether it can be applied to a row of a CSV file: by indexes, of columns."""
        return all(isinstance(step, _Indexes) for step in self.steps) and len(self.steps) <= 1

    def of(self, value: Any) -> Any:
        """What it selects.

        Raises:
            FilterError: the value does not have it.
        """
        for step in self.steps:
            value = step.of(value)
        return value


def _step(found: re.Match[str], text: str) -> Step:
    if found["name"] is not None:
        return _Names((found["name"],))
    brackets = (found["brackets"] or "").strip()
    if found["star"] is not None or brackets == "*":
        return _All()
    if _NAMES.fullmatch(brackets):
        return _Names(tuple(re.findall(r"'([^']*)'", brackets)))
    return _Indexes(tuple(_index(part.strip(), text) for part in brackets.split(",")))


def _index(part: str, text: str) -> int | slice:
    if _INDEX.fullmatch(part):
        return int(part)
    if sliced := _OPEN_SLICE.fullmatch(part):
        return slice(int(sliced[1]) if sliced[1] else None, None)
    raise FilterError(
        f"the local AWS does not understand [{part}] in {text!r}: indexes, names in single quotes and slices without "
        "an end are known; write the indexes of a slice with an end, such as [1,2,3]"
    )


@dataclass(frozen=True, kw_only=True)
class RecordFilters:
    """DataProcessing of a transform job; records are bytes without a line end."""

    sent: RecordPath = RecordPath()
    """InputFilter: what of a record goes to the container."""
    joined: bool = False
    """JoinSource: whether the record goes before its answer."""
    kept: RecordPath = RecordPath()
    """OutputFilter: what of both is written."""
    csv: bool = False

    @classmethod
    def of(cls, processing: dict[str, Any], content_type: str) -> Self:
        """Reads DataProcessing.

        Raises:
            FilterError: it cannot be followed.
        """
        return cls(
            sent=RecordPath.parse(processing.get("InputFilter") or "$"),
            joined=processing.get("JoinSource", "None") == "Input",
            kept=RecordPath.parse(processing.get("OutputFilter") or "$"),
            csv=content_type.partition(";")[0].strip().lower() == CSV,
        )._checked()

    def _checked(self) -> Self:
        if self.csv and not (self.sent.fits_rows and self.kept.fits_rows):
            raise FilterError("CSV has columns by number only, such as $[0] or $[1:]")
        return self

    @property
    def change_answers(self) -> bool:
        """Whether the output is not what the container answers."""
        return self.joined or not self.kept.selects_all

    @property
    def change_anything(self) -> bool:
        """Whether records have to be read at all."""
        return self.change_answers or not self.sent.selects_all

    def request(self, record: bytes) -> bytes:
        """What of a record is sent.

        Raises:
            FilterError: it cannot be read, or lacks what is selected.
        """
        return record if self.sent.selects_all else self._write(self.sent.of(self._read(record)))

    def output(self, record: bytes, answer: bytes) -> bytes:
        """What is written for a record and its answer.

        Raises:
            FilterError: as `request`.
        """
        return self._write(self.kept.of(self._join(self._read(record), self._read(answer))))

    def _join(self, record: Any, answer: Any) -> Any:
        if not self.joined:
            return answer
        if self.csv:
            return [*record, *answer]
        before = record if isinstance(record, dict) else {"SageMakerInput": record}
        return {**before, "SageMakerOutput": answer}

    def _read(self, text: bytes) -> Any:
        try:
            if self.csv:
                return next(csv.reader([text.decode()], strict=True), [])
            return orjson.loads(text)
        except (ValueError, csv.Error):
            raise FilterError(f"a record or an answer is no {'CSV' if self.csv else 'JSON'}") from None

    def _write(self, value: Any) -> bytes:
        if not self.csv:
            return orjson.dumps(value)
        row = io.StringIO()
        csv.writer(row, lineterminator="").writerow(value if isinstance(value, list) else [value])
        return row.getvalue().encode()
