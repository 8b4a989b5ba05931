"""Promise: an image is read as a container would see it, and measured as it is pushed."""

import json
import random
import tarfile
from pathlib import Path

import pytest

from chem_endpoints.image.contents import ContentsError, read_contents
from written_images import FOLDER, Entry, Layer, write_image


def paths(folder: Path, *layers: Layer) -> set[str]:
    return set(read_contents(write_image(folder, *layers)).files)


def blob(folder: Path) -> Path:
    """The file of the lowest layer."""
    digest: str = json.loads((folder / "manifest.json").read_text())["layers"][0]["digest"]
    return folder / digest.removeprefix("sha256:")


def test_a_file_keeps_its_kind_mode_owner_and_layer(tmp_path: Path) -> None:
    link = Entry(kind=tarfile.SYMTYPE, target="b", mode=0o777)
    contents = read_contents(
        write_image(tmp_path, {"a": "one"}, {"./b": Entry(content=b"four", mode=0o4755, uid=7), "c": link})
    )
    a, b, c = contents.files.values()
    assert (a.path, a.kind, a.size, a.mode, a.uid, a.layer) == ("a", "file", 3, 0o644, 0, 0)
    assert (b.path, b.kind, b.size, b.mode, b.uid, b.layer) == ("b", "file", 4, 0o4755, 7, 1)
    assert (c.path, c.kind, c.target) == ("c", "symlink", "b")


def test_a_whiteout_deletes_a_file_of_the_layers_below(tmp_path: Path) -> None:
    assert paths(tmp_path, {"f/a": "1", "f/b": "2"}, {"f/.wh.a": ""}) == {"f/b"}


def test_a_whiteout_deletes_a_folder_with_all_below_it(tmp_path: Path) -> None:
    assert paths(tmp_path, {"f": FOLDER, "f/g/a": "1", "fg": "2"}, {".wh.f": ""}) == {"fg"}


@pytest.mark.parametrize("first", ["whiteout", "addition"])
def test_a_whiteout_leaves_what_its_own_layer_adds(tmp_path: Path, first: str) -> None:
    layer: list[tuple[str, Entry | str]] = [(".wh.f", ""), ("f/new", "2")]
    upper = dict(layer if first == "whiteout" else reversed(layer))
    assert paths(tmp_path, {"f/old": "1"}, upper) == {"f/new"}


def test_an_opaque_folder_hides_what_lies_below_it(tmp_path: Path) -> None:
    assert paths(tmp_path, {"f": FOLDER, "f/old": "1", "g": "2"}, {"f/new": "3", "f/.wh..wh..opq": ""}) == {
        "f",
        "f/new",
        "g",
    }


def test_a_file_in_the_place_of_a_folder_hides_the_folder(tmp_path: Path) -> None:
    assert paths(tmp_path, {"f": FOLDER, "f/old": "1"}, {"f": "2"}) == {"f"}


def test_a_folder_named_again_keeps_its_files(tmp_path: Path) -> None:
    assert paths(tmp_path, {"f": FOLDER, "f/old": "1"}, {"f": FOLDER}) == {"f", "f/old"}


def test_sizes_are_those_of_the_pushed_blobs(tmp_path: Path) -> None:
    contents = read_contents(write_image(tmp_path, {"a": "x" * 50_000}, {"b": "y"}))
    assert [layer.compressed for layer in contents.layers] == [
        (tmp_path / layer.digest.removeprefix("sha256:")).stat().st_size for layer in contents.layers
    ]
    assert [layer.unpacked for layer in contents.layers] == [50_000, 1]
    assert contents.compressed < 1000
    assert contents.unpacked == 50_001


def test_each_layer_names_the_step_that_made_it(tmp_path: Path) -> None:
    assert [layer.made_by for layer in read_contents(write_image(tmp_path, {"a": ""}, {"b": ""})).layers] == [
        "step 0",
        "step 1",
    ]


def test_a_files_compressed_size_is_what_it_takes_of_the_layer(tmp_path: Path) -> None:
    noise = Entry(content=random.Random(1).randbytes(300_000))
    files = read_contents(write_image(tmp_path, {"zeros": "0" * 300_000, "noise": noise, "ones": "1" * 300_000})).files
    assert abs(files["noise"].compressed - 300_000) < 20_000
    assert files["zeros"].compressed + files["ones"].compressed < 20_000


def test_what_a_later_layer_replaces_or_deletes_is_hidden(tmp_path: Path) -> None:
    noise = Entry(content=random.Random(1).randbytes(300_000))
    contents = read_contents(write_image(tmp_path, {"a": noise, "b": noise, "c": noise}, {"a": "1", ".wh.b": ""}))
    assert abs(contents.hidden - 600_000) < 40_000


def test_the_settings_are_those_of_the_image(tmp_path: Path) -> None:
    settings = read_contents(write_image(tmp_path, {"a": ""})).settings
    assert settings.user == "10001:10001"
    assert (settings.entrypoint, settings.command) == (("/bin/sh", "/serve"), ("serve",))
    assert settings.environment == {"PATH": "/opt/venv/bin:/bin", "EMPTY": ""}
    assert settings.labels == {"org.opencontainers.image.version": "abc"}
    assert (settings.working_folder, settings.ports, settings.architecture) == ("/opt/program", ("8080/tcp",), "amd64")


def test_a_list_of_packages_that_is_deleted_is_not_read(tmp_path: Path) -> None:
    below = {"var/lib/dpkg/status": "Package: a", "x/y.dist-info/METADATA": "Name: y"}
    contents = read_contents(write_image(tmp_path, below, {"x/.wh.y.dist-info": ""}))
    assert contents.texts == {"var/lib/dpkg/status": "Package: a"}


def test_layers_that_are_not_gzipped_are_refused_with_what_to_do(tmp_path: Path) -> None:
    write_image(tmp_path, {"a": "1"}, compress=False)
    with pytest.raises(ContentsError, match=r"no gzip stream .* `podman push --compress`"):
        read_contents(tmp_path)


@pytest.mark.parametrize("kept", [0, 30, -9])
def test_a_layer_cut_short_is_refused(tmp_path: Path, kept: int) -> None:
    write_image(tmp_path, {"a": "1" * 100_000})
    layer = blob(tmp_path)
    layer.write_bytes(layer.read_bytes()[:kept])
    with pytest.raises(ContentsError, match=r"broken layer .*: export the image again"):
        read_contents(tmp_path)


def test_a_missing_layer_is_refused(tmp_path: Path) -> None:
    write_image(tmp_path, {"a": "1"})
    layer = blob(tmp_path)
    layer.unlink()
    with pytest.raises(ContentsError, match=r"broken layer .*: export the image again"):
        read_contents(tmp_path)


@pytest.mark.parametrize(
    ("manifest", "told"),
    [(None, "no such file; export"), ("{", "no JSON"), ('{"manifests": []}', "no single image")],
    ids=["missing", "broken", "of several architectures"],
)
def test_a_folder_without_one_image_is_refused(tmp_path: Path, manifest: str | None, told: str) -> None:
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    with pytest.raises(ContentsError, match=told):
        read_contents(tmp_path)
