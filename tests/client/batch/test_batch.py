"""Promise: a batch answers every row of its source, in order, and leaves the caller's columns as they were; whatever
ends it, the same call made again goes on from the finished parts, and the parts are the same bytes as without the end.

In virtual time, over the simulated endpoint; `test_kills.py` beside this has real processes.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chem_endpoints.client.batch import batch, pieces
from chem_endpoints.client.batch.result import BatchResult
from chem_endpoints.errors import (
    AccessRefusedError,
    EndpointError,
    FileError,
    ForeignEndpointError,
    InvalidInputError,
    ModelChangedError,
    OtherBatchError,
)
from chem_endpoints.local.faults.schedule import Fault, FaultKind, Operation, outage
from chem_endpoints.local.faults.settings import RuntimeSettings
from chem_endpoints.local.faults.simple_models import BAD, BAD_REASON, text_release, text_value
from chem_endpoints.wire.arrow_format import read_arrow
from chem_endpoints.wire.columns import PREDICTION, PREDICTION_ERROR, ROW_NUMBER
from fault_scenarios import BEGIN, OFFSET, Simulation, simulate

ROWS = 950
PIECE_ROWS = 100


@pytest.fixture(autouse=True)
def _small_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the client remembers lies in a folder of the test's, and a few rows are many pieces."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(pieces, "PIECE_ROWS", PIECE_ROWS)


def library(rows: int = ROWS) -> pa.Table:
    """Rows of several types that a frame of pandas would not all keep; every 50th cannot be predicted."""
    numbers = range(rows)
    return pa.table(
        {
            "id": pa.array(numbers, pa.uint64()),
            "smiles": pa.array([f"{BAD if number % 50 == 7 else 'C'}{number}" for number in numbers]),
            "day": pa.array([None if number % 3 else number for number in numbers], pa.date32()),
            "tags": pa.array([[f"t{number}"] * (number % 3) for number in numbers]),
            "series": pa.array([f"s{number % 4}" for number in numbers]).dictionary_encode(),
            "price": pa.array([None if number % 5 == 0 else number for number in numbers], pa.decimal128(12, 2)),
        }
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "library.parquet"
    pq.write_table(library(), path, row_group_size=130)
    return path


def read(out: Path) -> pa.Table:
    return pa.concat_tables([pq.read_table(path) for path in sorted(out.glob("part-*.parquet"))])


def contents(out: Path) -> dict[str, bytes]:
    """Every file but the summary, which tells of one run."""
    files = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in files.items() if name != "_summary.json"}


def check(out: Path, source: pa.Table) -> None:
    table = read(out)
    assert table.select(source.column_names).equals(source)
    texts = source.column("smiles").to_pylist()
    expected = [None if text.startswith(BAD) else text_value(text) for text in texts]
    assert table.column(PREDICTION).to_pylist() == expected
    reasons = [BAD_REASON if text.startswith(BAD) else "" for text in texts]
    assert table.column(PREDICTION_ERROR).to_pylist() == reasons


def asked(simulation: Simulation) -> list[str]:
    """The texts that reached the model, in the order of the answers."""
    records = simulation.machine.journal.of(Operation.INVOKE, Operation.ASYNC_WORK)
    return [text for record in records if record.sent is not None for text in record.sent["smiles"]]


def struck(simulation: Simulation) -> bool:
    """Whether a request failed."""
    return any(one.outcome != "ok" for one in simulation.machine.journal.of(Operation.INVOKE))


def run(simulation: Simulation, source: Path, **options: Any) -> BatchResult:
    return batch(simulation.endpoint, source, progress=False, **options)


@pytest.mark.parametrize("kind", ["realtime", "serverless", "inference_component", "async"])
def test_every_row_is_answered_in_its_place_and_all_columns_stay(source: Path, kind: Any) -> None:
    simulation = simulate(RuntimeSettings(kind=kind))
    result = run(simulation, source)
    out = source.with_name("library.predicted")
    check(out, library())
    assert result.out == f"{out}/"
    assert (result.parts, result.rows, result.predicted, result.failed) == (10, ROWS, ROWS - 19, {"invalid_smiles": 19})
    assert json.loads((out / "_summary.json").read_bytes()) == result.to_json()
    assert {path.name for path in out.iterdir()} - {"_batch.json", "_summary.json"} == {
        f"part-{number:05d}.parquet" for number in range(10)
    }


def test_a_part_is_read_by_pandas_as_inference_gives_it(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "smiles": ["C1", f"{BAD}2", "C3"],
            "n": pd.array([1, None, 3], dtype="Int64"),
            "c": pd.Categorical(["a", "b", "a"]),
        },
        index=pd.Index(["x", "y", "z"], name="key"),
    )
    frame.to_parquet(tmp_path / "three.parquet")
    simulation = simulate(RuntimeSettings())
    run(simulation, tmp_path / "three.parquet")
    expected = simulation.endpoint.inference(pd.read_parquet(tmp_path / "three.parquet"), progress=False)
    found = pd.read_parquet(tmp_path / "three.predicted")
    pd.testing.assert_frame_equal(found, expected)


def test_files_of_a_folder_are_answered_in_the_order_of_their_names(tmp_path: Path) -> None:
    table = library(300)
    folder = tmp_path / "many"
    (folder / "b").mkdir(parents=True)
    for name, first, count in (("b/2", 120, 150), ("a", 0, 120), ("c", 270, 30)):
        pq.write_table(table.slice(first, count), folder / f"{name}.parquet")
    (folder / "_SUCCESS").touch()
    result = run(simulate(RuntimeSettings()), folder)
    check(tmp_path / "many.predicted", table)
    assert result.parts == 5


def test_rows_of_csv_stay_the_texts_that_they_are(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text('id;smiles;note\n007;C1;"a;\nb"\n1E5;bad2;NA\n')
    run(simulate(RuntimeSettings()), tmp_path / "list.csv")
    table = read(tmp_path / "list.predicted")
    assert table.column("id").to_pylist() == ["007", "1E5"]
    assert table.column("note").to_pylist() == ["a;\nb", "NA"]
    assert table.column(PREDICTION).to_pylist() == [text_value("C1"), None]


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_source_without_rows_gives_one_part_with_all_columns(tmp_path: Path, ending: str) -> None:
    if ending == "csv":
        (tmp_path / "none.csv").write_text("id,smiles\n")
    else:
        pq.write_table(library(0), tmp_path / "none.parquet")
    simulation = simulate(RuntimeSettings())
    calls = simulation.machine.journal.calls(Operation.INVOKE)
    result = run(simulation, tmp_path / f"none.{ending}")
    assert (result.parts, result.rows, result.predicted) == (1, 0, 0)
    assert read(tmp_path / "none.predicted").column_names[-2:] == [PREDICTION, PREDICTION_ERROR]
    assert simulation.machine.journal.calls(Operation.INVOKE) == calls


def test_dropped_rows_are_still_counted(source: Path) -> None:
    simulation = simulate(RuntimeSettings())
    run(simulation, source, drop_error_rows=True)
    result = run(simulation, source, drop_error_rows=True)
    assert (result.rows, result.failed, result.resumed_parts) == (ROWS, {"invalid_smiles": 19}, 10)
    assert read(source.with_name("library.predicted")).num_rows == ROWS - 19


def test_names_are_mapped_and_columns_replaced_or_kept(tmp_path: Path) -> None:
    table = pa.table({"Structure": ["C1", "C2"], "prediction": ["mine", "yours"], "note": [1, 2]})
    pq.write_table(table, tmp_path / "t.parquet")
    simulation = simulate(RuntimeSettings())
    with pytest.warns(UserWarning, match=r"\['prediction'\] are replaced"):
        run(simulation, tmp_path / "t.parquet", out=tmp_path / "a", smiles="Structure")
    assert read(tmp_path / "a").column_names == ["Structure", "prediction", "note", PREDICTION_ERROR]
    run(simulation, tmp_path / "t.parquet", out=tmp_path / "b", columns={"Structure": "smiles"}, suffix="_new")
    assert read(tmp_path / "b").column("prediction").to_pylist() == ["mine", "yours"]
    assert read(tmp_path / "b").column("prediction_new").to_pylist() == [text_value("C1"), text_value("C2")]


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.THROTTLED_400,
        FaultKind.SERVICE_UNAVAILABLE,
        FaultKind.NO_CAPACITY,
        FaultKind.MODEL_FAILED,
        FaultKind.READ_TIMEOUT,
        FaultKind.TRUNCATED,
        FaultKind.RESET_AFTER,
    ],
)
def test_passing_troubles_cost_no_row(source: Path, kind: FaultKind) -> None:
    fault = Fault(kind=kind, after=BEGIN, first_call=3, calls=2)
    simulation = simulate(RuntimeSettings(kind="inference_component", client_settings={"rows_per_chunk": 40}), fault)
    run(simulation, source)
    assert struck(simulation)
    check(source.with_name("library.predicted"), library())


def test_requests_that_are_too_large_are_cut(source: Path) -> None:
    simulation = simulate(RuntimeSettings(request_bytes=500))
    run(simulation, source)
    assert struck(simulation)
    check(source.with_name("library.predicted"), library())


def test_rows_that_kill_the_server_are_found_even_in_files_of_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    pq.write_table(pa.table({"smiles": [f"C{number}" for number in range(150)]}), folder / "a.parquet")
    pq.write_table(pa.table({"smiles": [f"{BAD}alone"]}), folder / "b.parquet")
    pq.write_table(pa.table({"smiles": [f"{BAD}{number}" for number in range(20)]}), folder / "c.parquet")
    result = run(simulate(RuntimeSettings(on_bad_row="crash", restart_seconds=1.0)), folder)
    assert (result.rows, result.failed) == (171, {"prediction_failed": 21})
    assert read(tmp_path / "many.predicted").column(PREDICTION).to_pylist()[-21:] == [None] * 21


def test_requests_of_several_pieces_are_under_way_together(source: Path) -> None:
    """An async endpoint that scales out sees a backlog all the time, not one that drains at the end of each piece."""
    settings = RuntimeSettings(kind="async", slots=20, row_seconds=1.0, client_settings={"rows_per_chunk": 10})
    simulation = simulate(settings)
    run(simulation, source)
    work = sorted(simulation.machine.journal.of(Operation.ASYNC_WORK), key=lambda record: record.at)
    for begun, record in enumerate(work[:-20], start=1):
        ended = sum(other.at + other.seconds <= record.at for other in work)
        assert begun - ended > 0
    busy = [sum(one.at <= at < one.at + one.seconds for one in work) for at in np.arange(BEGIN + 15, BEGIN + 40, 5.0)]
    assert min(busy) == 20


def test_after_an_outage_the_same_call_asks_only_for_what_is_missing(source: Path, tmp_path: Path) -> None:
    settings = RuntimeSettings(row_seconds=0.02, client_settings={"rows_per_chunk": 20, "max_in_flight": 4})
    run(simulate(settings), source, out=tmp_path / "whole")
    simulation = simulate(settings, outage(BEGIN + 3.0), keeps_rows=True)
    with pytest.raises(EndpointError) as raised:
        run(simulation, source)
    out = source.with_name("library.predicted")
    finished = len(list(out.glob("part-*.parquet")))
    assert 2 <= finished < 10
    assert f"{finished} parts are finished in {out}/" in raised.value.__notes__[0]
    simulation.machine.schedule.faults = ()
    before = len(asked(simulation))
    result = run(simulation, source)
    again = asked(simulation)[before:]
    assert result.resumed_parts == finished
    done = {text for number in range(finished) for text in texts_of(number)}
    assert not done & set(again)
    assert contents(out) == contents(tmp_path / "whole")
    check(out, library())


def texts_of(piece: int) -> list[str]:
    return library().column("smiles").to_pylist()[piece * PIECE_ROWS : (piece + 1) * PIECE_ROWS]


@pytest.mark.parametrize("kind", ["async", "realtime"])
def test_of_a_slow_model_no_finished_request_is_asked_again(source: Path, tmp_path: Path, kind: Any) -> None:
    settings = RuntimeSettings(
        kind=kind, slots=6, row_seconds=3.0, client_settings={"rows_per_chunk": 5, "max_in_flight": 6}
    )
    run(simulate(settings), source, out=tmp_path / "whole")
    simulation = simulate(settings, outage(BEGIN + 200.0), keeps_rows=True)
    with pytest.raises(EndpointError):
        run(simulation, source)
    out = source.with_name("library.predicted")
    kept = {text for path in out.rglob("_answers/*/*.arrow") for text in kept_texts(path)}
    assert len(kept) >= 5 * 6
    simulation.machine.schedule.faults = ()
    before = len(asked(simulation))
    run(simulation, source)
    assert not kept & set(asked(simulation)[before:])
    assert contents(out) == contents(tmp_path / "whole")


def kept_texts(path: Path) -> list[str]:
    """The texts whose answers a file keeps."""
    texts = texts_of(int(path.parent.name))
    return [texts[row] for row in read_arrow(path.read_bytes())[ROW_NUMBER]]


def test_parts_of_two_models_are_never_mixed(source: Path) -> None:
    simulation = simulate(RuntimeSettings(row_seconds=0.02), outage(BEGIN + 5.0, BEGIN + 300.0))
    with pytest.raises(EndpointError):
        run(simulation, source)
    other = simulate(RuntimeSettings(), releases=[text_release(offset=OFFSET)])
    with pytest.raises(ModelChangedError, match="parts of two models are not mixed"):
        run(other, source)
    assert other.machine.journal.calls(Operation.INVOKE) == 0


def test_a_model_that_changes_on_the_way_ends_the_batch(source: Path) -> None:
    releases = [text_release(), text_release(at=BEGIN + 5.0, offset=OFFSET)]
    settings = RuntimeSettings(row_seconds=0.02, client_settings={"rows_per_chunk": 20, "max_in_flight": 2})
    simulation = simulate(settings, releases=releases)
    with pytest.raises(ModelChangedError, match="while the batch ran"):
        run(simulation, source)
    table = read(source.with_name("library.predicted"))
    texts = table.column("smiles").to_pylist()
    assert texts
    assert all(
        value == text_value(text)
        for text, value in zip(texts, table.column(PREDICTION).to_pylist(), strict=True)
        if value
    )
    with pytest.raises(ModelChangedError, match="make a new Endpoint"):
        run(simulation, source)


def test_another_source_or_other_options_are_refused(source: Path, tmp_path: Path) -> None:
    simulation = simulate(RuntimeSettings())
    run(simulation, source)
    before = contents(tmp_path / "library.predicted")
    with pytest.raises(OtherBatchError, match=r"options differ \(suffix\)"):
        run(simulation, source, suffix="_2")
    pq.write_table(library(10), source)
    with pytest.raises(OtherBatchError, match="the files of the source differ"):
        run(simulation, source)
    assert contents(tmp_path / "library.predicted") == before


def test_a_place_that_is_not_free_is_refused(source: Path, tmp_path: Path) -> None:
    simulation = simulate(RuntimeSettings())
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").touch()
    with pytest.raises(OtherBatchError, match=r"thesis\.tex lies there"):
        run(simulation, source, out=tmp_path / "full")
    with pytest.raises(OtherBatchError, match="is a file"):
        run(simulation, source, out=source)
    folder = tmp_path / "folder"
    folder.mkdir()
    source.rename(folder / "a.parquet")
    with pytest.raises(OtherBatchError, match="lies within the source"):
        run(simulation, folder, out=folder / "out")


def test_a_source_that_does_not_fit_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    pq.write_table(pa.table({"smile": ["C"], "x": [1]}), tmp_path / "t.parquet")
    simulation = simulate(RuntimeSettings())
    with pytest.raises(InvalidInputError, match=r"nearest: smile"):
        run(simulation, tmp_path / "t.parquet")
    with pytest.raises(InvalidInputError, match="conformers"):
        run(simulation, tmp_path / "t.parquet", conformers=True)
    assert not (tmp_path / "t.predicted").exists()


def test_a_file_with_other_columns_is_named_after_the_files_before_it_are_done(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    (folder / "a.csv").write_text("smiles,x\nC1,1\n")
    (folder / "b.csv").write_text("smiles,y\nC1,1\n")
    with pytest.raises(FileError, match=r"b\.csv: columns \['x', 'y'\] differ"):
        run(simulate(RuntimeSettings()), folder)
    assert read(tmp_path / "many.predicted").num_rows == 1


def test_an_option_that_there_is_not_is_refused(source: Path) -> None:
    simulation = simulate(RuntimeSettings())
    with pytest.raises(TypeError, match="instances"):
        run(simulation, source, instances=3)
    with pytest.raises(ValueError, match="transfrom"):
        run(simulation, source, method="transfrom")
    assert not source.with_name("library.predicted").exists()


def test_nobody_else_can_read_what_is_written(source: Path) -> None:
    run(simulate(RuntimeSettings()), source)
    out = source.with_name("library.predicted")
    assert out.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in out.iterdir()} == {0o600}


def test_a_foreign_endpoint_is_refused(source: Path) -> None:
    with pytest.raises(ForeignEndpointError):
        run(simulate(RuntimeSettings(foreign=True, on_bad_row="refuse")), source)


def test_a_refusal_says_what_to_do(source: Path) -> None:
    simulation = simulate(RuntimeSettings())

    def refused(**_: Any) -> None:
        raise AccessRefusedError("AWS refused the call (AccessDeniedException): no")

    simulation.clients.runtime.invoke_endpoint = refused
    with pytest.raises(AccessRefusedError):
        run(simulation, source)
