"""Writes the files of a new model: all of them, or none."""

import csv
import io
import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

import yaml

from chem_endpoints.new.data import EVERY, EXAMPLE, TrainingData
from chem_endpoints.new.drafts import BUNDLE, DRAFT, MODELS, TRAIN
from chem_endpoints.spec.parsing import InvalidDeclarationError, parse_endpoint

GOLDEN = {
    "ethanol": "CCO",
    "phenol": "Oc1ccccc1",
    "paracetamol": "CC(=O)Nc1ccc(O)cc1",
    "caffeine": "Cn1c(=O)c2c(ncn2C)n(C)c1=O",
    "ibuprofen": "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
}
"""Rows that an own script is replayed at each start: well-known compounds, as they travel with the bundle."""


class NewModelError(Exception):
    """What was asked for cannot be written; nothing was."""


@dataclass(frozen=True, kw_only=True)
class NewModel:
    """What a new model is to be.

    Attributes:
        name: of the endpoint.
        family: of ``chem-endpoints train`` or ``features``; ``script``: a script of one's own.
        image: the image that serves the family.
        kind: ``serving.kind`` of the declaration.
        owner: team that answers for it.
        data: what it is trained on; ``None``: it computes features.
    """

    name: str
    family: str
    image: str
    kind: str
    owner: str
    data: TrainingData | None

    @property
    def folder(self) -> str:
        """Where its files lie, relative to the clone."""
        return f"{MODELS}/{self.name}"

    @property
    def declaration(self) -> str:
        """Where its declaration lies once it is trained."""
        return f"endpoints/{self.name}.yaml"

    @property
    def test(self) -> str:
        """Its test."""
        return f"{self.folder}/test_{self.name.replace('-', '_')}.py"


def require_valid(model: NewModel) -> None:
    """Refuses a name, kind or owner that no endpoint can have; the rules are those of declarations.

    Raises:
        NewModelError: names every mistake.
    """
    try:
        parse_endpoint(yaml.safe_load(_draft(model)))
    except InvalidDeclarationError as error:
        raise NewModelError(str(error)) from None


def write_model(model: NewModel, root: Path, *, force: bool = False) -> list[str]:
    """Writes the files, and returns their paths relative to the clone.

    Args:
        model: what is wanted.
        root: of the clone.
        force: overwrite files of an earlier call; a declaration in ``endpoints/`` stays, and no draft is written then.

    Raises:
        NewModelError: the declaration would be invalid, files are there already, or a folder is where a file has to be.
    """
    require_valid(model)
    declared = (root / model.declaration).exists()
    contents = dict(_contents(model))
    if declared and force:
        del contents[f"{model.folder}/{DRAFT}"]
    there = [name for name in (*contents, model.declaration) if (root / name).exists()]
    if there and not force:
        raise NewModelError(f"already there: {', '.join(there)}. Choose another name, or overwrite them with --force")
    if in_the_way := _in_the_way(root, model.folder, contents):
        raise NewModelError(f"in the way: {', '.join(in_the_way)}. Move them elsewhere")
    for name, text in contents.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
        if name.endswith(TRAIN):
            path.chmod(0o755)
    return list(contents)


def _in_the_way(root: Path, folder: str, contents: Iterable[str]) -> list[str]:
    """A file where the folder has to be; folders where files have to be."""
    if (root / folder).is_file():
        return [folder]
    return [name for name in contents if (root / name).is_dir()]


def next_commands(model: NewModel) -> list[str]:
    """What to do then, in the root of the clone."""
    return [
        f"{model.folder}/{TRAIN}",
        f"chem-endpoints check {model.folder}/{BUNDLE}",
        f"pytest {model.folder}",
        f"chem-endpoints deploy {model.name}",
    ]


def _contents(model: NewModel) -> Iterator[tuple[str, bytes]]:
    yield f"{model.folder}/{DRAFT}", _draft(model).encode()
    yield f"{model.folder}/{TRAIN}", _filled("train.sh", model, commands=_commands(model)).encode()
    yield model.test, _test(model).encode()
    if model.data is not None:
        yield from model.data.written.items()
    if model.family == "script":
        yield from _script_files(model)
    yield f"{model.folder}/README.md", _readme(model).encode()


def _draft(model: NewModel) -> str:
    serving = _template(f"serving/{model.kind}.yaml")
    name, owner = _scalar(model.name), _scalar(model.owner)
    return _filled("endpoint.yaml", model, serving=serving, name=name, owner=owner, image=model.image)


def _scalar(text: str) -> str:
    """A text in YAML: in quotes where it would be read as something else, as ``null`` and ``007`` would."""
    return text if yaml.safe_dump(text).startswith(text) else json.dumps(text)


def _commands(model: NewModel) -> str:
    written = f'--out {model.folder}/{BUNDLE} --declare "$declaration"'
    if model.data is None:
        return f"chem-endpoints features {model.family} {written}"
    if model.family == "script":
        pack = f"chem-endpoints pack {model.folder}/bundle.yaml {written}"
        return f"python {model.folder}/fit.py\n{pack}"
    columns = {"--data": model.data.training, "--target": model.data.target, "--smiles": model.data.smiles}
    columns |= {"--unit": model.data.unit} if model.data.unit else {}
    options = " ".join(f"{option} {shlex.quote(value)}" for option, value in columns.items())
    return f"chem-endpoints train {model.family} {options} \\\n  {written}"


REGRESSION = """\
    errors = predicted["prediction"] - rows.loc[predicted.index, TARGET].astype(float)
    assert (errors**2).mean() ** 0.5 < LARGEST_RMSE"""

CLASSIFICATION = """\
    right = predicted["prediction"].astype(str) == rows.loc[predicted.index, TARGET]
    assert right.mean() >= SMALLEST_ACCURACY"""


def _test(model: NewModel) -> str:
    if model.data is None:
        return _filled("features_test.py.txt", model)
    data = model.data
    if data.classes:
        bound = f"SMALLEST_ACCURACY = {data.bound}  # of always saying the commonest class; raise it to what you need"
    else:
        unit = f"in {data.unit}: " if data.unit else ""
        bound = f"LARGEST_RMSE = {data.bound}  # {unit}that of the training mean; lower it to what you need"
    return _filled(
        "trained_test.py.txt",
        model,
        held_out=_path(data.held_out, model),
        target=json.dumps(data.target, ensure_ascii=False),
        smiles=json.dumps(data.smiles, ensure_ascii=False),
        bound=bound,
        comparison=CLASSIFICATION if data.classes else REGRESSION,
    )


def _path(file: str, model: NewModel) -> str:
    """Python that finds a file of the clone from beside the model's own."""
    if file.startswith(f"{model.folder}/"):
        return f'Path(__file__).with_name("{Path(file).name}")'
    return f'Path(__file__).parents[2] / "{file}"'


def _script_files(model: NewModel) -> Iterator[tuple[str, bytes]]:
    assert model.data is not None
    data = model.data
    target, smiles = (json.dumps(name, ensure_ascii=False) for name in (data.target, data.smiles))
    fit = _filled("fit.py.txt", model, data=_path(data.training, model), target=target, smiles=smiles)
    unit, predicted = (json.dumps(text, ensure_ascii=False) for text in (data.unit, f"predicted {data.target}"))
    manifest = _filled("bundle.yaml", model, target_name=target, unit=unit, predicted=predicted)
    golden = io.StringIO()
    writer = csv.writer(golden, lineterminator="\n")
    writer.writerows([("name", "smiles"), *GOLDEN.items()])
    yield f"{model.folder}/bundle/code/inference.py", _filled("inference.py.txt", model).encode()
    yield f"{model.folder}/fit.py", fit.encode()
    yield f"{model.folder}/bundle.yaml", manifest.encode()
    yield f"{model.folder}/golden.csv", golden.getvalue().encode()


ROLES: Mapping[str, str] = {
    DRAFT: "the declaration, until the first training moves it to `endpoints/`",
    TRAIN: "makes `model.tar.gz` and declares it",
    "test": "asks the bundle for what callers rely on, and compares rows held out",
    "training.csv": "the rows that it is trained on",
    "held_out.csv": f"the rows that it is judged by, one in {EVERY}",
    "bundle/code/inference.py": "the model script: `model_fn`, `predict_fn`",
    "fit.py": "fits the model and writes `bundle/weights.json`",
    "bundle.yaml": "what the bundle's manifest will say",
    "golden.csv": "rows that the server replays at each start",
}
"""File of a model's folder → what it is."""


def _readme(model: NewModel) -> str:
    names = [DRAFT, TRAIN, Path(model.test).name]
    if model.data is not None and model.data.written:
        names += [Path(name).name for name in model.data.written]
    if model.family == "script":
        names += ["bundle/code/inference.py", "fit.py", "bundle.yaml", "golden.csv"]
    table = "\n".join(f"| `{name}` | {ROLES.get(name, ROLES['test'])} |" for name in names)
    return _filled("README.md", model, what=_what(model), files=table)


def _what(model: NewModel) -> str:
    if model.data is None:
        return f"Features by `{model.family}`; nothing is trained."
    made = "A script of its own" if model.family == "script" else f"A model of the family `{model.family}`"
    data = model.data
    told = f"{made}, for `{data.target}`{f' in {data.unit}' if data.unit else ''} from structures."
    if data.training == EXAMPLE:
        return f"{told}\nIt is trained on example data (`{EXAMPLE}`), so that everything runs at once: put yours in."
    copies = "`training.csv` and `held_out.csv` are copies of your rows"
    return f"{told}\n{copies}: keep them out of git if they are confidential."


def _filled(template: str, model: NewModel, **values: str) -> str:
    common = {
        "name": model.name,
        "folder": model.folder,
        "bundle": f"{model.folder}/{BUNDLE}",
        "draft": f"{model.folder}/{DRAFT}",
        "declaration": model.declaration,
        "train": f"{model.folder}/{TRAIN}",
    }
    return Template(_template(template)).substitute(common, **values)


def _template(name: str) -> str:
    return (files("chem_endpoints.new") / "templates" / name).read_text(encoding="utf-8")
