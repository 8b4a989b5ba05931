"""Promise: a file appears whole or not at all, and never in the place of the input or of a file that is there."""

import os
from pathlib import Path

import pytest

from chem_endpoints.client.files.output_file import OutputFile
from chem_endpoints.errors import FileError


def write(path: Path, contents: bytes = b"new", *, force: bool = False, never: list[Path] | None = None) -> None:
    with OutputFile(path, force=force, never=never or []) as file:
        file.write(contents)


def test_it_appears_at_the_end_with_the_callers_rights(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    before = os.umask(0o027)
    try:
        with OutputFile(path) as file:
            file.write(b"new")
            assert not path.exists()
    finally:
        os.umask(before)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["out.csv"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_after_an_error_nothing_is_there(tmp_path: Path, error: type[BaseException]) -> None:
    def fail() -> None:
        with OutputFile(tmp_path / "out.csv") as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        fail()
    assert os.listdir(tmp_path) == []


def test_without_anything_written_nothing_is_there(tmp_path: Path) -> None:
    with OutputFile(tmp_path / "out.csv"):
        pass
    assert os.listdir(tmp_path) == []


def test_a_file_is_overwritten_by_force_only(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(b"old")
    with pytest.raises(FileError, match="such a file already"):
        write(path)
    assert path.read_bytes() == b"old"
    write(path, force=True)
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["out.csv"]


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    file = OutputFile(path).__enter__()
    file.write(b"new")
    path.write_bytes(b"somebody's")
    with pytest.raises(FileError, match="such a file already"):
        file.__exit__(None, None, None)
    assert path.read_bytes() == b"somebody's"
    assert os.listdir(tmp_path) == ["out.csv"]


@pytest.mark.parametrize("kind", ["same", "hard link", "symbolic link", "other spelling"])
def test_the_input_is_never_overwritten_by_whatever_name(tmp_path: Path, kind: str) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(b"rows")
    out = tmp_path / "out.csv"
    if kind == "hard link":
        os.link(source, out)
    elif kind == "symbolic link":
        out.symlink_to(source)
    else:
        out = source if kind == "same" else tmp_path / ".." / tmp_path.name / "in.csv"
    with pytest.raises(FileError, match="this is the input file, which is never overwritten"):
        write(out, force=True, never=[source])
    assert source.read_bytes() == b"rows"


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_bytes(b"old")
    (tmp_path / "out.csv").symlink_to("real.csv")
    write(tmp_path / "out.csv", force=True)
    assert (tmp_path / "out.csv").is_symlink()
    assert (tmp_path / "real.csv").read_bytes() == b"new"


def test_a_device_and_a_pipe_are_written_to(tmp_path: Path) -> None:
    write(Path("/dev/null"))
    assert Path("/dev/null").is_char_device()
    reading, writing = os.pipe()
    write(Path(f"/dev/fd/{writing}"))
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b"new"


def test_a_place_that_cannot_be_is_told_before_anything_is_done(tmp_path: Path) -> None:
    for path, told in ((tmp_path, "this is a folder"), (tmp_path / "no" / "out.csv", "there is no folder")):
        with pytest.raises(FileError, match=told):
            OutputFile(path).__enter__()
    with pytest.raises(FileError, match="cannot be written"):
        OutputFile(tmp_path / ("x" * 300)).__enter__()
