"""Promise: each engine builds the table's images, from its cache where nothing has changed, and leaves nothing of the
machine behind in them."""

import gzip
import hashlib
import io
import json
import shutil
import tarfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from chem_endpoints.cli.image_commands import image as image_command
from chem_endpoints.image.build import BuildError, Built, build, export, machine_flags
from chem_endpoints.image.docker_archive import ArchiveError, unpack_docker_archive
from chem_endpoints.image.engine import BUILDERS, RUNNERS, Engine, EngineError, find_builder
from chem_endpoints.image.look_alike import BaseImage
from chem_endpoints.spec.image_source import IMAGES, SOURCES, source_hash

Clone = Callable[[str], Path]

TRUST_ROOTS = "the roots of trust of this machine"
WHEEL = "anything-1.0-py3-none-any.whl"

# A step that runs says so; what it saw of the machine goes into an image of its own, beside what its places hold after.
DOCKERFILE = """\
ARG BASE_IMAGE=unused
FROM ${BASE_IMAGE} AS step
LABEL chem-endpoints-test=TOKEN
COPY requirements/base.lock /locks/
ARG UV_FIND_LINKS=
RUN python -c 'import sys; assert sys.version_info[:2] == (3, 11)' && mkdir /saw \\
    && cp /etc/ssl/certs/ca-certificates.crt /root/.config/uv/uv.toml /root/.config/pip/pip.conf /saw/ \\
    && ls ${UV_FIND_LINKS} > /saw/wheels \\
    && echo "a step ran, $((40 + 2))"
FROM scratch AS base
LABEL chem-endpoints-test=TOKEN
COPY --from=step /saw /saw
COPY --from=step /etc /etc
COPY --from=step /root /root
COPY --from=step /mnt /mnt
ARG SOURCE_HASH=unknown
LABEL org.opencontainers.image.version="${SOURCE_HASH}"
"""
RAN = "a step ran, 42"

TINY = """\
ARG BASE_IMAGE=registry.example.com/pinned
FROM scratch AS base
ARG BASE_IMAGE
ARG SOURCE_HASH=unknown
LABEL chem-endpoints-test=TOKEN \\
      org.opencontainers.image.version="${SOURCE_HASH}" \\
      org.opencontainers.image.base.name="${BASE_IMAGE}"
COPY requirements/base.lock /first
COPY requirements/base.lock /first
COPY container /program
"""


def tar_of(members: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    """A clone with a Dockerfile, a lock and a line of code; no build has seen it before, and no cache keeps it."""
    token = uuid.uuid4().hex

    def make(dockerfile: str) -> Path:
        root = tmp_path / "clone"
        texts = {
            "container/Dockerfile": dockerfile.replace("TOKEN", token),
            "container/server.py": "pass\n",
            "requirements/base.lock": f"# {token}\n",
        }
        for name, text in texts.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return root

    yield make
    for engine in RUNNERS:  # podman prunes what buildah has built, too
        if shutil.which(engine):
            forget = ("image", "prune", "--force", f"--filter=label=chem-endpoints-test={token}")
            Engine(name=engine, executable=Path(engine)).run(*forget)


@pytest.fixture(params=BUILDERS)
def each_engine(request: pytest.FixtureRequest) -> Engine:
    """Every engine, one after the other."""
    try:
        return find_builder(request.param)
    except EngineError as error:
        pytest.skip(str(error))


@pytest.fixture
def reference(clone: Clone) -> Iterator[str]:
    """A name that no image has, taken away from whatever engine has it before the clone's cache is."""
    name = f"localhost/chem-endpoints-test:{uuid.uuid4().hex}"
    yield name
    for engine in BUILDERS:
        if shutil.which(engine):
            Engine(name=engine, executable=Path(engine)).run("rmi", "--force", name)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with roots of trust and a folder of wheels of its own."""
    roots = tmp_path / "roots.crt"
    roots.write_text(TRUST_ROOTS)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / WHEEL).touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(roots))
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    monkeypatch.delenv("UV_FIND_LINKS", raising=False)


@pytest.mark.image
@pytest.mark.usefixtures("machine")
def test_steps_see_the_machines_trust_and_wheels_and_the_image_keeps_nothing_of_them(
    each_engine: Engine, bottom: BaseImage, clone: Clone, reference: str, tmp_path: Path
) -> None:
    if each_engine.name == "docker":
        pytest.skip("docker can mount nothing into a build")
    root = clone(DOCKERFILE)
    built = build(root, "base", engine=each_engine, base_image=bottom.reference, reference=reference)
    assert (built.image, built.reference, built.engine) == ("base", reference, each_engine)
    export(each_engine, reference, tmp_path / "export")
    files, labels = exported(tmp_path / "export")
    assert files["saw/ca-certificates.crt"] == TRUST_ROOTS.encode()
    assert files["saw/uv.toml"] == b"native-tls = true\n"
    assert b"cert = /etc/ssl/certs/ca-certificates.crt" in files["saw/pip.conf"]
    assert files["saw/wheels"] == f"{WHEEL}\n".encode()
    assert labels["org.opencontainers.image.version"] == source_hash(root, "base")
    assert TRUST_ROOTS.encode() not in files["etc/ssl/certs/ca-certificates.crt"]
    assert "etc/debian_version" in files
    assert [name for name in files if "pip.conf" in name or "uv.toml" in name or WHEEL in name] == [
        "saw/pip.conf",
        "saw/uv.toml",
    ]


@pytest.mark.image
def test_what_was_built_from_the_same_sources_upon_the_same_base_is_kept(
    each_engine: Engine, clone: Clone, reference: str, capfd: pytest.CaptureFixture[str]
) -> None:
    root = clone(TINY)
    assert build(root, "base", engine=each_engine, reference=reference).is_new
    capfd.readouterr()
    assert not build(root, "base", engine=each_engine, reference=reference).is_new
    assert capfd.readouterr() == ("", "")
    other = "registry.example.com/other"
    assert build(root, "base", engine=each_engine, reference=reference, base_image=other).is_new
    assert not build(root, "base", engine=each_engine, reference=reference, base_image=other).is_new
    (root / "container" / "server.py").write_text("pass  # changed\n")
    assert build(root, "base", engine=each_engine, reference=reference, base_image=other).is_new
    assert build(root, "base", engine=each_engine, reference=reference, base_image=other, cache=False).is_new


@pytest.mark.image
@pytest.mark.usefixtures("machine")
def test_a_rebuild_with_nothing_changed_runs_no_step(
    each_engine: Engine, bottom: BaseImage, clone: Clone, reference: str, capfd: pytest.CaptureFixture[str]
) -> None:
    if each_engine.name == "docker":
        pytest.skip("docker can mount nothing into a build")
    root = clone(DOCKERFILE)
    build(root, "base", engine=each_engine, base_image=bottom.reference, reference=reference)
    assert RAN in "".join(capfd.readouterr())
    first = layers(each_engine, reference)
    build(root, "base", engine=each_engine, base_image=bottom.reference, reference=reference)
    assert RAN not in "".join(capfd.readouterr())
    assert layers(each_engine, reference) == first


@pytest.mark.image
@pytest.mark.parametrize("image", ["base", "deep"])
def test_a_change_of_the_server_makes_one_small_layer_anew(
    image: str, root: Path, bottom: BaseImage, request: pytest.FixtureRequest, reference: str, tmp_path: Path
) -> None:
    before: Built = request.getfixturevalue(f"built_{image}")
    copy = tmp_path / "clone"
    for name in (*SOURCES, "requirements", ".dockerignore"):
        (shutil.copytree if (root / name).is_dir() else copy_file)(root / name, copy / name)
    served = copy / "container" / "server" / "__init__.py"
    served.write_text(served.read_text() + "\n# changed\n")
    build(copy, image, engine=before.engine, base_image=bottom.reference, reference=reference)
    old, new = layers(before.engine, before.reference), layers(before.engine, reference)
    assert new[:-1] == old[:-1]
    assert new[-1] != old[-1]


@pytest.mark.image
@pytest.mark.usefixtures("built_base")
def test_the_labels_of_the_real_image_say_that_nothing_has_changed(
    root: Path, engine: Engine, bottom: BaseImage
) -> None:
    assert not build(root, "base", engine=engine, base_image=bottom.reference).is_new


@pytest.mark.image
def test_deep_lies_upon_the_layers_of_base(built_base: Built, built_deep: Built) -> None:
    (*below, _) = layers(built_base.engine, built_base.reference)
    assert layers(built_deep.engine, built_deep.reference)[: len(below)] == below


@pytest.mark.image
def test_a_failed_build_is_told_in_one_line(engine: Engine, bottom: BaseImage, clone: Clone, reference: str) -> None:
    root = clone("ARG BASE_IMAGE\nFROM ${BASE_IMAGE} AS base\nLABEL chem-endpoints-test=TOKEN\nRUN exit 7\n")
    with pytest.raises(BuildError) as told:
        build(root, "base", engine=engine, base_image=bottom.reference, reference=reference)
    assert f"container/Dockerfile, target base: {engine.name} build ended with status" in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.image
def test_an_export_is_what_a_push_sends(each_engine: Engine, clone: Clone, reference: str, tmp_path: Path) -> None:
    root = clone(TINY)
    build(root, "base", engine=each_engine, reference=reference)
    export(each_engine, reference, tmp_path / "export")
    files, _ = exported(tmp_path / "export")
    assert files["program/server.py"] == b"pass\n"
    assert files["first"] == (root / "requirements/base.lock").read_bytes()
    with pytest.raises(EngineError, match=f"^{each_engine.name} "):
        export(each_engine, f"{reference}-missing", tmp_path / "missing")


@pytest.mark.image
def test_an_archive_of_the_engine_is_unpacked_as_an_export(clone: Clone, reference: str, tmp_path: Path) -> None:
    try:
        podman = find_builder("podman")
    except EngineError as error:
        pytest.skip(str(error))
    root = clone(TINY)
    build(root, "base", engine=podman, reference=reference)
    podman.ask("save", "--format=docker-archive", f"--output={tmp_path / 'image.tar'}", reference)
    (tmp_path / "export").mkdir()
    unpack_docker_archive(tmp_path / "image.tar", tmp_path / "export")
    files, _ = exported(tmp_path / "export")
    assert files["program/server.py"] == b"pass\n"


def test_an_archive_with_layers_that_are_gzipped_keeps_them(tmp_path: Path) -> None:
    """As docker with containerd's storage writes it."""
    layer = gzip.compress(tar_of({"program": b"pass\n"}), compresslevel=9, mtime=0)
    config = json.dumps({"rootfs": {"diff_ids": [f"sha256:{sha256(gzip.decompress(layer))}"]}, "config": {}}).encode()
    names = [f"blobs/sha256/{sha256(blob)}" for blob in (config, layer)]
    listed = json.dumps([{"Config": names[0], "RepoTags": ["x:y"], "Layers": names[1:]}]).encode()
    archive = tmp_path / "image.tar"
    archive.write_bytes(tar_of({"manifest.json": listed, names[0]: config, names[1]: layer}))
    (tmp_path / "export").mkdir()
    unpack_docker_archive(archive, tmp_path / "export")
    assert (tmp_path / "export" / sha256(layer)).read_bytes() == layer
    assert exported(tmp_path / "export")[0] == {"program": b"pass\n"}


@pytest.mark.parametrize(
    ("members", "told"),
    [({}, "no manifest.json"), ({"manifest.json": b"[{}, {}]"}, "holds 2 images")],
    ids=["nothing", "two-images"],
)
def test_an_archive_of_no_single_image_is_refused(tmp_path: Path, members: dict[str, bytes], told: str) -> None:
    archive = tmp_path / "image.tar"
    archive.write_bytes(tar_of(members))
    with pytest.raises(ArchiveError, match=told):
        unpack_docker_archive(archive, tmp_path)


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"no archive " * 100,
        *(tar_of({"manifest.json": text}) for text in (b"", b"\xff", b"5", b"[5]", b"[{}]")),
        tar_of({"manifest.json": b'[{"Config": "c", "Layers": []}]', "c": b"x" * 100_000})[:20_000],
    ],
    ids=["empty", "no tar", "no JSON", "no text", "a number", "numbers", "nothing named", "cut short"],
)
def test_what_docker_never_saved_is_refused_with_what_to_do(tmp_path: Path, junk: bytes) -> None:
    archive = tmp_path / "image.tar"
    archive.write_bytes(junk)
    with pytest.raises(ArchiveError, match=r"^[^\n]*image\.tar: no archive that docker saved \(.*: save it again$"):
        unpack_docker_archive(archive, tmp_path)


def test_two_folders_of_wheels_are_refused_and_addresses_handed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    podman = Engine(name="podman", executable=Path("podman"))
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setenv("UV_FIND_LINKS", f"https://example.com/wheels,{tmp_path}")
    flags = machine_flags(podman, tmp_path / "home")
    assert flags[-2:] == [f"--volume={tmp_path}:/mnt:ro", "--build-arg=UV_FIND_LINKS=https://example.com/wheels,/mnt"]
    docker = Engine(name="docker", executable=Path("docker"))
    assert machine_flags(docker, tmp_path / "home")[-1] == "--build-arg=UV_FIND_LINKS=https://example.com/wheels"
    monkeypatch.setenv("UV_FIND_LINKS", f"{tmp_path} {tmp_path.parent}")
    with pytest.raises(BuildError, match="names 2 folders"):
        machine_flags(podman, tmp_path / "home")


@pytest.mark.image
def test_the_command_reports_a_built_image(built_base: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHEM_ENDPOINTS_ENGINE", built_base.engine.name)
    ended = CliRunner().invoke(image_command, ["report", "base", "--offline", "--output", str(tmp_path)])
    assert ended.exit_code == 0, ended.output
    assert "ten largest packages" in ended.output
    assert {path.name for path in tmp_path.iterdir()} == {"base.md", "base.json", "base.cdx.json"}


def test_the_command_refuses_an_image_that_is_not_in_the_table() -> None:
    ended = CliRunner().invoke(image_command, ["build", "huge"])
    assert ended.exit_code == 2
    assert all(f"'{name}'" in ended.output for name in IMAGES)


def copy_file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def layers(engine: Engine, reference: str) -> list[str]:
    """Digests of the image's layers, the lowest first."""
    if engine.name == "buildah":
        return list(json.loads(engine.ask("inspect", "--type=image", reference))["OCIv1"]["rootfs"]["diff_ids"])
    return list(json.loads(engine.ask("image", "inspect", "--format={{json .RootFS.Layers}}", reference)))


def exported(folder: Path) -> tuple[dict[str, bytes], dict[str, str]]:
    """The image's files and labels; asserts that the blobs are what the manifest says."""
    manifest = json.loads((folder / "manifest.json").read_text())
    blobs = [blob(folder, described) for described in (manifest["config"], *manifest["layers"])]
    config, tars = json.loads(blobs[0]), [gzip.decompress(layer) for layer in blobs[1:]]
    assert [f"sha256:{sha256(tar)}" for tar in tars] == config["rootfs"]["diff_ids"]
    files: dict[str, bytes] = {}
    for tar in tars:
        with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
            for member in opened:
                if member.isfile() and (content := opened.extractfile(member)):
                    files[member.name.removeprefix("./")] = content.read()
    return files, config["config"].get("Labels") or {}


def blob(folder: Path, described: dict[str, str]) -> bytes:
    kind, _, digest = described["digest"].partition(":")
    content = (folder / digest).read_bytes()
    assert (kind, digest, described["size"]) == ("sha256", sha256(content), len(content))
    return content


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
