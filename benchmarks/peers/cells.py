"""The cells of the throughput table: who is asked what, and what the outcome has to be."""

from dataclasses import dataclass

from benchmarks.peers.payloads import ARROW, CSV, JSON, Format
from benchmarks.peers.sides import CLASSIC, LITSERVE, OURS, OURS_APART, WORKBENCH, Side
from benchmarks.peers.turn import Figures


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A side with the model and the format that it is asked in.

    Attributes:
        side: the server.
        form: of question and answer.
        own_script: whether it serves the DataFrame script (peers always do), or our built-in one.
    """

    side: Side
    form: Format = CSV
    own_script: bool = False

    @property
    def name(self) -> str:
        """As printed; distinct within a cell."""
        return self.side.name + (", Arrow in, prediction out" if self.form is ARROW else "")


@dataclass(frozen=True, kw_only=True)
class Target:
    """A ratio that has to come out.

    Attributes:
        what: ``cpu`` per request or ``p50``: theirs by ours; ``rate``: ours by theirs.
        ours: name of the contestant.
        theirs: name of the contestant.
        floor: at least this.
        aim: hoped for.
    """

    what: str
    theirs: str
    floor: float
    aim: float | None = None
    ours: str = OURS.name


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A row of the plan.

    Attributes:
        key: for ``--cells``.
        title: as printed.
        rows: of each body.
        concurrency: connections.
        contestants: in the order of their turns.
        targets: to be met.
    """

    key: str
    title: str
    rows: int
    concurrency: int
    contestants: tuple[Contestant, ...]
    targets: tuple[Target, ...] = ()

    @property
    def distinct(self) -> int:
        """Bodies that differ."""
        return 256 if self.rows == 1 else 8


_OURS = (Contestant(side=OURS), Contestant(side=OURS_APART))
_OURS_SCRIPT = (Contestant(side=OURS, own_script=True), Contestant(side=OURS_APART, own_script=True))
_CLASSIC = Contestant(side=CLASSIC, own_script=True)
_WORKBENCH = Contestant(side=WORKBENCH, own_script=True)
_ARROW = (Contestant(side=OURS, form=ARROW), Contestant(side=OURS_APART, form=ARROW))
_JSON_PEERS = tuple(Contestant(side=side, form=JSON, own_script=True) for side in (CLASSIC, WORKBENCH, LITSERVE))

CELLS = (
    Cell(
        key="csv-1-at-64",
        title="1 row of CSV, 64 connections",
        rows=1,
        concurrency=64,
        contestants=(*_OURS, _CLASSIC, _WORKBENCH),
        targets=(
            Target(what="cpu", theirs=WORKBENCH.name, floor=35, aim=50),
            Target(what="rate", theirs=CLASSIC.name, floor=20, aim=35),
        ),
    ),
    Cell(
        key="csv-1-at-1",
        title="1 row of CSV, 1 connection",
        rows=1,
        concurrency=1,
        contestants=(*_OURS, _CLASSIC, _WORKBENCH),
        targets=(Target(what="p50", theirs=WORKBENCH.name, floor=8, aim=12),),
    ),
    Cell(
        key="json-1-at-8",
        title="1 row of JSON, 8 connections",
        rows=1,
        concurrency=8,
        contestants=(*(Contestant(side=side, form=JSON) for side in (OURS, OURS_APART)), *_JSON_PEERS),
    ),
    Cell(
        key="csv-10k",
        title="10 000 x 100 numbers in CSV, all columns out, 1 connection",
        rows=10_000,
        concurrency=1,
        contestants=(*_OURS, *_ARROW, _CLASSIC, _WORKBENCH),
        targets=(
            Target(what="cpu", theirs=WORKBENCH.name, floor=5, aim=6.5),
            Target(what="cpu", theirs=WORKBENCH.name, floor=10, ours=_ARROW[0].name),
        ),
    ),
    Cell(
        key="script-1-at-8",
        title="an unchanged DataFrame script, 1 row of CSV, 8 connections",
        rows=1,
        concurrency=8,
        contestants=(*_OURS_SCRIPT, _WORKBENCH),
        targets=(Target(what="cpu", theirs=WORKBENCH.name, floor=2.5),),
    ),
    Cell(
        key="script-10k",
        title="an unchanged DataFrame script, 10 000 x 100 CSV, 1 connection",
        rows=10_000,
        concurrency=1,
        contestants=(*_OURS_SCRIPT, _WORKBENCH),
        targets=(Target(what="cpu", theirs=WORKBENCH.name, floor=3, aim=4),),
    ),
)


def ratio(what: str, ours: Figures, theirs: Figures) -> float:
    """How many times better ours is, in ``cpu``, ``rate`` or ``p50``."""
    if what == "cpu":
        return theirs.cpu_ms / ours.cpu_ms
    if what == "rate":
        return ours.load.per_second / theirs.load.per_second
    return theirs.load.p50_ms / ours.load.p50_ms
