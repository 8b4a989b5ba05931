"""A folder of declarations is read whole, or refused with everything that is wrong in it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chem_endpoints.spec.loading import load_endpoints
from chem_endpoints.spec.violation import DeclarationError

Declaration = dict[str, Any]
Write = Callable[[str, Declaration], Path]


def mistakes(root: Path) -> tuple[str, ...]:
    with pytest.raises(DeclarationError) as caught:
        load_endpoints(root / "endpoints", root)
    return caught.value.lines


def test_declarations_come_sorted_by_name(
    tmp_path: Path, realtime: Declaration, asynchronous: Declaration, write_declaration: Write
) -> None:
    write_declaration("a.yaml", {**realtime, "name": "zinc-v1"})
    write_declaration("b.yaml", {**asynchronous, "name": "logd-v1"})
    assert [spec.name for spec in load_endpoints(tmp_path / "endpoints", tmp_path)] == ["logd-v1", "zinc-v1"]


def test_an_empty_folder_declares_nothing(tmp_path: Path) -> None:
    assert load_endpoints(tmp_path, tmp_path) == ()


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    assert mistakes(tmp_path) == ("endpoints: no such folder. Create it, or name another with -c endpoints=FOLDER",)


def test_three_mistakes_in_a_file_are_three_lines(
    tmp_path: Path, asynchronous: Declaration, write_declaration: Write
) -> None:
    asynchronous["name"] = "Logs"
    asynchronous["serving"]["scaling"] = {"min": 5, "max": 2}
    asynchronous["client"] = {"invocation_timeout_s": 9000}
    write_declaration("logs.yaml", asynchronous)
    assert mistakes(tmp_path) == (
        "endpoints/logs.yaml: name: must be 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either "
        "end (got 'Logs')",
        "endpoints/logs.yaml: client.invocation_timeout_s: must be at most 3600 (got 9000)",
        "endpoints/logs.yaml: serving.scaling.max: must be at least serving.scaling.min, which is 5 (got 2)",
    )


def test_the_message_counts_and_lists_the_mistakes_of_all_files(
    tmp_path: Path, realtime: Declaration, write_declaration: Write
) -> None:
    write_declaration("a.yaml", {**realtime, "owner": ""})
    write_declaration("b.yaml", {**realtime, "ower": "x"})
    (tmp_path / "endpoints" / "c.yaml").write_text("name: [", encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        load_endpoints(tmp_path / "endpoints", tmp_path)
    head, *lines = str(caught.value).splitlines()
    assert head == "3 mistakes in the declarations:"
    assert [line.split(":")[0].strip() for line in lines] == [f"endpoints/{name}.yaml" for name in "abc"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: [", "is not YAML: "),
        ("", "must be key: value lines"),
        ("- a", "must be key: value lines"),
        ("? [a, b]\n: c\n", "is not YAML: a key must be a text"),
        ("? {a: b}\n: c\n", "is not YAML: a key must be a text"),
        ("? [[a], b]\n: c\n", "is not YAML: a key must be a text"),
        ("name: \0", "is not YAML: unacceptable character"),
        ("a: " + "[" * 3000 + "]" * 3000, "is nested too deeply"),
        ("a: " + "{a: " * 3000 + "}" * 3000, "is nested too deeply"),
        ("owner: 2024-99-99", "holds a value that is none of its type"),
        ("owner: !!bool x", "holds a value that is none of its type"),
        ("owner: !!timestamp x", "holds a value that is none of its type"),
        ("workers: " + "9" * 5000, "holds a value that is none of its type"),
        ("owner: !!python/object:os.system []", "is not YAML: could not determine a constructor"),
        ("name: a\n---\nname: b\n", "is not YAML: expected a single document"),
        ("name: a\nname: b\n", "key 'name' stands twice, the second time in line 2; keep one"),
        ("model:\n  sha256: a\n  sha256: b\n", "key 'sha256' stands twice, the second time in line 3; keep one"),
    ],
)
def test_files_that_are_no_declaration(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "endpoints").mkdir()
    (tmp_path / "endpoints" / "x.yaml").write_text(text, encoding="utf-8")
    (line,) = mistakes(tmp_path)
    assert line.startswith(f"endpoints/x.yaml: {expected}")


def test_bytes_that_are_no_text_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "endpoints").mkdir()
    (tmp_path / "endpoints" / "x.yaml").write_bytes(b"\xff\xfe\xfa")
    (line,) = mistakes(tmp_path)
    assert line.startswith("endpoints/x.yaml: cannot be read: ")


def test_a_name_declared_twice_names_both_files(
    tmp_path: Path, realtime: Declaration, write_declaration: Write
) -> None:
    write_declaration("a.yaml", realtime)
    write_declaration("b.yaml", realtime)
    assert mistakes(tmp_path) == (
        "endpoints/b.yaml: name: is declared in endpoints/a.yaml too; an endpoint has one file, so rename or delete "
        "one (got 'logs-v1')",
    )


def test_yml_files_are_not_overlooked(tmp_path: Path, realtime: Declaration, write_declaration: Write) -> None:
    write_declaration("a.yml", realtime)
    assert mistakes(tmp_path) == ("endpoints/a.yml: rename it to a.yaml",)


def test_a_local_artifact_with_the_declared_digest_is_accepted(
    tmp_path: Path, realtime: Declaration, write_declaration: Write, small_bundle: str
) -> None:
    realtime["model"] = {"artifact": "models/small.tar.gz", "sha256": small_bundle}
    write_declaration("a.yaml", realtime)
    (spec,) = load_endpoints(tmp_path / "endpoints", tmp_path)
    assert spec.model.is_local


def test_another_digest_shows_both(
    tmp_path: Path, realtime: Declaration, write_declaration: Write, small_bundle: str
) -> None:
    realtime["model"]["artifact"] = "models/small.tar.gz"
    write_declaration("a.yaml", realtime)
    (line,) = mistakes(tmp_path)
    assert line.startswith(
        f"endpoints/a.yaml: model.sha256: is {'a' * 64}, but models/small.tar.gz has the digest {small_bundle}."
    )


@pytest.mark.parametrize(
    ("contents", "expected"),
    [(None, "models/m.tar.gz: no such file"), (b"not a tar", "models/m.tar.gz: not a readable model.tar.gz")],
)
def test_an_artifact_that_is_no_bundle_is_a_mistake(
    tmp_path: Path, realtime: Declaration, write_declaration: Write, contents: bytes | None, expected: str
) -> None:
    realtime["model"]["artifact"] = "models/m.tar.gz"
    write_declaration("a.yaml", realtime)
    if contents:
        (tmp_path / "models").mkdir()
        (tmp_path / "models" / "m.tar.gz").write_bytes(contents)
    (line,) = mistakes(tmp_path)
    assert line.startswith(f"endpoints/a.yaml: model.artifact: {expected}")


@pytest.mark.parametrize("artifact", ["../outside.tar.gz", "models/link.tar.gz"])
def test_an_artifact_outside_the_repository_is_a_mistake(
    tmp_path: Path, realtime: Declaration, write_declaration: Write, small_bundle: str, artifact: str
) -> None:
    root = tmp_path / "clone"
    (root / "models").mkdir(parents=True)
    (tmp_path / "models" / "small.tar.gz").rename(tmp_path / "outside.tar.gz")
    (root / "models" / "link.tar.gz").symlink_to(tmp_path / "outside.tar.gz")
    write_declaration("a.yaml", {**realtime, "model": {"artifact": artifact, "sha256": small_bundle}})
    with pytest.raises(DeclarationError, match=r"model\.artifact: must lie inside the repository"):
        load_endpoints(tmp_path / "endpoints", root)


def test_a_section_that_holds_itself_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "endpoints").mkdir()
    text = "name: logs-v1\nserving: &a {kind: realtime, scaling: *a}\ntags: &b {c: *b}\n"
    (tmp_path / "endpoints" / "x.yaml").write_text(text, encoding="utf-8")
    assert "endpoints/x.yaml: tags.c: must be a text; put it in quotes" in mistakes(tmp_path)
