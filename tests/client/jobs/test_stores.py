"""Promise: both places of jobs keep parts whole, private and until they are removed, and say what they could not do."""

import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chem_endpoints.client.jobs.job_store import JobStore
from chem_endpoints.client.jobs.local_store import TEMPORARY, LocalStore
from chem_endpoints.client.jobs.s3_store import DELETED_AT_ONCE, S3Store
from chem_endpoints.local.faults.clients import SimulatedClients
from chem_endpoints.local.faults.runtime import FaultyRuntime
from chem_endpoints.local.faults.schedule import Operation
from chem_endpoints.local.faults.settings import BUCKET, RuntimeSettings
from chem_endpoints.local.faults.simple_models import text_release

URI = f"s3://{BUCKET}/async/in/jobs/a.0/"


def clients() -> SimulatedClients:
    return SimulatedClients(FaultyRuntime(text_release(), RuntimeSettings(kind="async")))


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> JobStore:
    return LocalStore(tmp_path / "jobs" / "a.0") if request.param == "local" else S3Store(clients().s3, URI)


def test_what_is_put_is_got_and_listed(store: JobStore) -> None:
    assert store.get("inputs/a.csv") is None
    assert store.names() == []
    assert store.put("inputs/a.csv", b"1")
    assert store.put("inputs/b.csv", b"")
    assert store.put("job.json", b"{}")
    assert store.get("inputs/a.csv") == b"1"
    assert store.get("inputs/b.csv") == b""
    assert store.names() == ["inputs/a.csv", "inputs/b.csv", "job.json"]
    assert store.names("inputs/") == ["inputs/a.csv", "inputs/b.csv"]
    assert store.put("inputs/a.csv", b"2")
    assert store.get("inputs/a.csv") == b"2"


def test_only_the_first_of_two_new_parts_is_stored(store: JobStore) -> None:
    assert store.put("job.json", b"mine", only_new=True)
    assert not store.put("job.json", b"yours", only_new=True)
    assert store.get("job.json") == b"mine"


def test_removed_parts_are_gone_and_absent_ones_no_error(store: JobStore) -> None:
    for name in ("a", "in/b", "in/c"):
        store.put(name, b"x")
    removed = store.remove(["a", "in/b", "never"])
    assert (removed.deleted, removed.emptied, removed.left) == (3, 0, ())
    assert store.names() == ["in/c"]


def test_files_are_for_their_user_alone(tmp_path: Path) -> None:
    LocalStore(tmp_path / "state" / "jobs" / "a.0").put("inputs/a.csv", b"x")
    for path in (tmp_path / "state").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_the_folder_goes_with_its_last_part_and_what_was_half_written(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "a.0")
    store.put("inputs/a.csv", b"x")
    (tmp_path / "a.0" / "inputs" / f"{TEMPORARY}1").write_bytes(b"half")
    assert store.names() == ["inputs/a.csv"]
    store.remove(store.names())
    assert not (tmp_path / "a.0").exists()


def test_threads_that_write_one_part_leave_one_of_their_versions(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "a.0")
    bodies = [bytes([number]) * 100_000 for number in range(8)]
    won: list[bool] = []
    threads = [threading.Thread(target=store.put, args=("part", body)) for body in bodies]
    threads += [threading.Thread(target=lambda: won.append(store.put("new", b"x", only_new=True))) for _ in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.get("part") in bodies
    assert sorted(won) == [False] * 7 + [True]


def test_many_objects_are_listed_and_deleted_in_pages() -> None:
    found = clients()
    store = S3Store(found.s3, URI)
    names = [f"inputs/{number:05}" for number in range(DELETED_AT_ONCE + 5)]
    for name in names:
        store.put(name, b"x")
    assert store.names("inputs/") == names
    assert store.remove(names).deleted == len(names)
    assert found.machine.journal.calls(Operation.DELETE_MANY) == 2
    assert store.names() == []


def test_jobs_are_listed_as_folders() -> None:
    s3 = clients().s3
    for job in ("end.1", "end.2", "end-2.1"):
        S3Store(s3, f"s3://{BUCKET}/in/jobs/{job}/").put("inputs/a", b"x")
    S3Store(s3, f"s3://{BUCKET}/in/jobs/").put("stray", b"x")
    assert S3Store(s3, f"s3://{BUCKET}/in/jobs/").folders("end.") == ["end.1", "end.2"]


class WithoutDelete:
    """S3 for a caller of our endpoints: the policy gives puts below the input place, and no deletes.

    Args:
        s3: what answers otherwise.
        whole: whether the call is refused as a whole, or each key of it.
    """

    def __init__(self, s3: Any, *, whole: bool) -> None:
        self._s3, self._whole = s3, whole

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)

    def delete_objects(self, *, Bucket: str, Delete: Any) -> Any:  # noqa: N803 - boto3's name
        if self._whole:
            raise denied("DeleteObjects")
        return {"Errors": [{"Key": one["Key"], "Code": "AccessDenied", "Message": ""} for one in Delete["Objects"]]}

    def put_object(self, *, Key: str, **named: Any) -> Any:  # noqa: N803
        if Key.startswith("output/"):
            raise denied("PutObject")
        return self._s3.put_object(Key=Key, **named)


def denied(operation: str) -> ClientError:
    return ClientError({"Error": {"Code": "AccessDenied", "Message": ""}}, operation)


@pytest.mark.parametrize("whole", [True, False])
def test_what_may_not_be_deleted_is_emptied_or_named(whole: bool) -> None:
    s3 = clients().s3
    mine, output = f"s3://{BUCKET}/in/jobs/a.0/", f"s3://{BUCKET}/output/jobs/a.0/"
    S3Store(s3, mine).put("inputs/a", b"secret")
    S3Store(s3, output).put("a-1.out", b"answer")
    caller = WithoutDelete(s3, whole=whole)
    removed = S3Store(caller, mine).remove(["inputs/a"]) + S3Store(caller, output).remove(["a-1.out"])
    assert (removed.deleted, removed.emptied, removed.left) == (0, 1, (f"{output}a-1.out",))
    assert S3Store(s3, mine).get("inputs/a") == b""
    assert S3Store(s3, output).get("a-1.out") == b"answer"
