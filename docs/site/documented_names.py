"""Constants of the code and the docstrings that follow them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("chem_endpoints", "container", "model_scripts", "constructs_lib", "stacks")


@dataclass(frozen=True, kw_only=True)
class Constant:
    """A text that a module gives a name to."""

    module: str
    name: str
    value: str
    text: str
    """What the module says of it; empty: nothing."""


def text_constants(path: Path) -> Iterator[Constant]:
    """The constants of a module that are texts, in their order."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    for statement, after in zip(body, [*body[1:], None], strict=False):
        names = _assigned(statement)
        if not names or not isinstance(statement, ast.Assign | ast.AnnAssign):
            continue
        value = statement.value
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            text = ""
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                text = str(after.value.value)
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            yield Constant(module=module, name=names[0], value=value.value, text=text)


def modules() -> list[Path]:
    """Every module of ours."""
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def _assigned(statement: ast.stmt) -> list[str]:
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]
