"""Every promise that a bundle is examined for: the one table that the command, the documentation and the tests read."""

from collections.abc import Callable
from dataclasses import dataclass

from chem_endpoints.check.outcome import Kept
from chem_endpoints.check.promises.bad_rows import (
    bad_rows_stay_alone,
    hostile_structures_cost_themselves,
    reasons_quote_nothing,
)
from chem_endpoints.check.promises.files import files_are_whole
from chem_endpoints.check.promises.load import latency_is_bounded, memory_stays
from chem_endpoints.check.promises.place import (
    columns_are_those_declared,
    columns_come_back,
    no_rows_are_an_answer,
    rows_keep_their_order,
)
from chem_endpoints.check.promises.repeating import (
    answers_outlive_a_restart,
    answers_repeat,
    formats_agree,
    neighbours_change_nothing,
)
from chem_endpoints.check.promises.starting import golden_rows_agree, server_starts
from chem_endpoints.check.subject import Subject


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What a caller relies on.

    Attributes:
        id: its name, which does not change.
        text: the promise, one sentence.
        examine: asks the bundle for it; returns what was seen, or raises `BrokenPromiseError` or `NotAskedError`.
    """

    id: str
    text: str
    examine: Callable[[Subject], Kept]


PROMISES: tuple[Promise, ...] = (
    Promise(id="bundle", text="Its files are those of its manifest, and none is a pickle.", examine=files_are_whole),
    Promise(id="start", text="The image's server starts with it and answers.", examine=server_starts),
    Promise(id="golden", text="The golden rows give the stored answers.", examine=golden_rows_agree),
    Promise(id="order", text="Rows keep their order and their numbers.", examine=rows_keep_their_order),
    Promise(id="columns", text="The caller's columns come back cell by cell.", examine=columns_come_back),
    Promise(id="empty", text="No rows in, no rows out.", examine=no_rows_are_an_answer),
    Promise(id="outputs", text="The answer has the declared columns and types.", examine=columns_are_those_declared),
    Promise(
        id="bad-rows", text="A bad row gets a reason and leaves its neighbours alone.", examine=bad_rows_stay_alone
    ),
    Promise(id="reasons", text="A reason quotes nothing of its row.", examine=reasons_quote_nothing),
    Promise(id="repeat", text="The same row gets the same answer again.", examine=answers_repeat),
    Promise(id="batches", text="No answer depends on the rows beside it.", examine=neighbours_change_nothing),
    Promise(id="formats", text="All formats give the same answers.", examine=formats_agree),
    Promise(
        id="hostile", text="A hostile structure costs its own row only.", examine=hostile_structures_cost_themselves
    ),
    Promise(id="restart", text="A new process gives the same answers.", examine=answers_outlive_a_restart),
    Promise(id="latency", text="One row is answered within --max-ms, where given.", examine=latency_is_bounded),
    Promise(id="memory", text="Memory does not grow with the requests.", examine=memory_stays),
)
