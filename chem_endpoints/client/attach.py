"""From answers back to the caller's frame, by position."""

import warnings

import pandas as pd

from chem_endpoints.client.chunks import Chunk
from chem_endpoints.errors import AnswerMismatchError
from chem_endpoints.wire import codec
from chem_endpoints.wire.answers import empty_answer, restore_answer
from chem_endpoints.wire.columns import ROW_NUMBER
from chem_endpoints.wire.errors import WireError
from chem_endpoints.wire.manifest import Manifest


def read_answer(chunk: Chunk, body: bytes, manifest: Manifest) -> pd.DataFrame:
    """The added columns of one chunk, typed, one row for each row sent.

    Raises:
        AnswerMismatchError: rows are missing, doubled, out of order, or not what the manifest declares.
    """
    try:
        frame = codec.decode(body, chunk.content_type)
        numbers = [int(number) for number in frame[ROW_NUMBER]]
        answer = restore_answer(frame, manifest.outputs)
    except WireError as error:
        raise AnswerMismatchError(f"the answer for rows {_span(chunk)} cannot be read: {error}") from error
    except (KeyError, ValueError) as error:
        # Its text may quote a cell.
        raise AnswerMismatchError(f"the answer for rows {_span(chunk)} has no row numbers") from error
    if numbers != list(chunk.rows):
        raise AnswerMismatchError(
            f"rows {_span(chunk)} were sent, but {len(numbers)} other rows came back; nothing was attached"
        )
    return answer


def _span(chunk: Chunk) -> str:
    return f"{chunk.rows.start} to {chunk.rows.stop - 1}"


def attach(frame: pd.DataFrame, answers: list[pd.DataFrame], manifest: Manifest) -> pd.DataFrame:
    """A copy of the caller's frame with the answers added; rows, order, index and other columns stay."""
    added = pd.concat(answers, ignore_index=True) if answers else empty_answer(manifest.outputs, 0)
    replaced = [name for name in added.columns if name in frame.columns]
    if replaced:
        warnings.warn(
            f"the input's columns {replaced} are replaced by the model's answers; rename them to keep both",
            UserWarning,
            stacklevel=3,
        )
    out = frame.copy()
    doubled = [name for name in replaced if list(frame.columns).count(name) > 1]
    out = out.loc[:, [name not in doubled for name in out.columns]]
    for name in replaced:
        if name not in doubled:
            out[name] = added[name].array
    # New columns are put beside the others at once: hundreds of insertions into a frame take seconds.
    new = added.loc[:, [name not in out.columns for name in added.columns]].set_axis(out.index, axis="index")
    together = pd.concat([out, new], axis="columns")
    together.attrs = dict(frame.attrs)
    return together
