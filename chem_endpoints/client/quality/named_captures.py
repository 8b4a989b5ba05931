"""Named captures: the rows of one inference with their answers, one Parquet file each.

``<place>/<name>/<UTC time>-<8 hex digits>.parquet``; the file's metadata hold time, model digest and report. One file,
so that a capture is there whole or not at all.
"""

import io
import re
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import orjson
import pandas as pd

from chem_endpoints.client.quality.capture_place import CapturePlace
from chem_endpoints.client.quality.captured_rows import CAPTURE_ERROR, describe_named
from chem_endpoints.errors import InvalidInputError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
"""What a capture may be called: it becomes part of a key, and keys appear in logs."""

METADATA_KEY = b"chem-endpoints:capture"
STAMP = "%Y%m%dT%H%M%S.%fZ"
ENDING = ".parquet"
DIGEST_COLUMN = "__model_sha256__"


def write_named(
    place: CapturePlace,
    name: str,
    *,
    inputs: pd.DataFrame,
    answers: pd.DataFrame,
    digests: Iterable[str],
    report: Mapping[str, object],
    time: datetime,
) -> str:
    """Stores one inference; returns where it lies.

    Args:
        place: where captures of the endpoint lie.
        name: of the capture; several inferences may share it.
        inputs: what the model read, one column per feature.
        answers: what it answered, as many rows.
        digests: digest of the model that answered, per row; "" unknown.
        report: JSON-able totals.
        time: of the inference, with time zone.

    Raises:
        InvalidInputError: the name cannot be one, or a column cannot be stored.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    check_name(name)
    frame = pd.concat([part.reset_index(drop=True) for part in (inputs, answers)], axis="columns")
    frame[DIGEST_COLUMN] = pd.Series(list(digests), dtype="str")
    told = {
        "time": time.astimezone(UTC).isoformat(),
        "inputs": [str(name) for name in inputs.columns],
        "report": report,
    }
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise InvalidInputError(
            "the capture cannot be stored: a column mixes kinds of cells or is there twice; send text or numbers"
        ) from error
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), METADATA_KEY: orjson.dumps(told)})
    body = io.BytesIO()
    pq.write_table(table, body, compression="zstd")
    stamp = time.astimezone(UTC).strftime(STAMP)
    return place.write(f"{name}/{stamp}-{uuid.uuid4().hex[:8]}{ENDING}", body.getvalue())


def read_named(place: CapturePlace, since: datetime, until: datetime, name: str | None = None) -> list[pd.DataFrame]:
    """Captures from ``since`` (included) to ``until`` (excluded), oldest first: `CAPTURE_COLUMNS`, inputs, answers.

    Args:
        place: where captures of the endpoint lie.
        since: with time zone.
        until: with time zone.
        name: only captures of this name; default: all.
    """
    if name is not None:
        check_name(name)
    found = [(_time(key), key) for key in place.keys("" if name is None else f"{name}/") if key.endswith(ENDING)]
    wanted = sorted((time, key) for time, key in found if time is not None and since <= time < until)
    return [_read(place.read(key), key.partition("/")[0], time) for time, key in wanted]


def check_name(name: str) -> None:
    """Refuses a name that could not be part of a key.

    Raises:
        InvalidInputError: it is none.
    """
    if not NAME.fullmatch(name):
        raise InvalidInputError(
            "a capture's name has 1 to 63 letters, digits, _ and -, and begins with a letter or digit, as 'batch-7'"
        )


def _time(key: str) -> datetime | None:
    stamp = key.rpartition("/")[2].rpartition("-")[0]
    try:
        return datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None


def _read(body: bytes, name: str, time: datetime) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        frame: pd.DataFrame = pq.read_table(io.BytesIO(body)).to_pandas()
        digests = frame.pop(DIGEST_COLUMN).fillna("").tolist()
    except (pa.ArrowException, KeyError, ValueError, OSError):
        damaged = "the capture's file is damaged, or none of this client"
        return describe_named(name, time, [""]).assign(**{CAPTURE_ERROR: damaged})
    before = describe_named(name, time, digests)
    return pd.concat([before, frame], axis="columns")
