"""Promise: a script that lacks what the server will call is refused by name before it serves anything."""

import json
import os
import py_compile
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chem_endpoints.wire.bundle import BundleError
from container.server.script import load_script, load_script_file, siblings_importable
from foreign_bundles import restoring_imports, write_files

BOTH = "def model_fn(model_dir): return model_dir\ndef predict_fn(df, model): return df\n"


@pytest.fixture(autouse=True)
def imports_restored(tmp_path: Path) -> Iterator[None]:
    with restoring_imports(tmp_path):
        yield


def written(folder: Path, text: str) -> Path:
    return write_files(folder, {"code/inference.py": text}) / "code/inference.py"


def test_the_two_functions_are_enough(tmp_path: Path) -> None:
    script = load_script_file(written(tmp_path, BOTH))
    assert script.model_fn("here") == "here"
    assert (script.input_fn, script.output_fn, script.predict_matrix_fn, script.signature_fn) == (None,) * 4


def test_every_function_that_is_there_is_taken(tmp_path: Path) -> None:
    source = BOTH + "\n".join(
        [
            "def input_fn(body, content_type): return 1",
            "def output_fn(prediction, accept): return 2",
            "def predict_matrix_fn(X, model): return 3",
            "def signature_fn(model): return 4",
        ]
    )
    script = load_script("code/inference.py", written(tmp_path, source).parent.parent)
    functions = (script.input_fn, script.output_fn, script.predict_matrix_fn)
    assert [function(None, None) for function in functions if function] == [1, 2, 3]  # type: ignore[arg-type]
    assert script.signature_fn is not None
    assert script.signature_fn(None) == 4


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("", "'inference.py' lacks model_fn and predict_fn"),
        ("def model_fn(model_dir): return 1", "lacks predict_fn"),
        (BOTH + "input_fn = 'text'", "input_fn must be a function that can be called with 2"),
        (BOTH + "def output_fn(a, b, c): return a", "output_fn must be a function that can be called with 2"),
        (BOTH + "def predict_matrix_fn(X): return X", "predict_matrix_fn must be a function"),
        (BOTH + "import no_such_library", "no_such_library is not installed in this image"),
    ],
)
def test_what_cannot_be_called_is_refused_by_name(tmp_path: Path, source: str, told: str) -> None:
    with pytest.raises(BundleError, match=told):
        load_script_file(written(tmp_path, source))


def test_arguments_with_defaults_may_be_left_out(tmp_path: Path) -> None:
    source = BOTH + "def input_fn(body, content_type, context=None): return context"
    assert load_script_file(written(tmp_path, source)).input_fn is not None


def test_a_required_function_is_missed(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="lacks input_fn"):
        load_script_file(written(tmp_path, BOTH), required=("model_fn", "input_fn"))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="there is none"):
        load_script("code/inference.py", tmp_path)


def test_compiled_code_beside_the_script_is_not_run(tmp_path: Path) -> None:
    path = written(tmp_path, BOTH.replace("return model_dir", "return 'evil'"))
    py_compile.compile(str(path), doraise=True)
    times = path.stat()
    path.write_text(BOTH.replace("return model_dir", "return 'good'"))
    # Compiled code is taken for that of the source when the source's time and size are those it was compiled from.
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert load_script_file(path).model_fn("") == "good"


def test_classes_of_the_script_are_found_by_its_name(tmp_path: Path) -> None:
    source = (
        "from __future__ import annotations\nimport dataclasses, pickle\n"
        "@dataclasses.dataclass\nclass Model:\n    x: int\n"
        "def signature_fn(model): return pickle.loads(pickle.dumps(Model(1))).x\n"
    ) + BOTH
    script = load_script_file(written(tmp_path, source))
    assert script.signature_fn is not None
    assert script.signature_fn(None) == 1


def test_a_script_imports_its_siblings_then_and_later(tmp_path: Path) -> None:
    write_files(tmp_path, {"code/early_sibling.py": "VALUE = 1", "code/late_sibling.py": "VALUE = 2"})
    later = "def signature_fn(model):\n    import late_sibling\n    return late_sibling.VALUE"
    source = "import early_sibling\n" + BOTH + later
    path = written(tmp_path, source)
    with siblings_importable(path.parent):
        script = load_script_file(path)
    assert sys.path[-1] == str(path.parent)
    assert sys.path.count(str(path.parent)) == 1
    assert script.signature_fn is not None
    assert script.signature_fn(None) == 2


def test_a_script_with_the_name_of_a_library_replaces_none(tmp_path: Path) -> None:
    load_script_file(write_files(tmp_path, {"json.py": BOTH}) / "json.py")
    assert sys.modules["json"] is json
