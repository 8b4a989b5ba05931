"""The page on environment variables: from the constants that name them."""

import re
from collections.abc import Iterable

from documented_names import ROOT, Constant, modules, text_constants
from page_parts import code, generated_page, prose, table

INTRODUCTION = """\
Two sets. The server's are written by the endpoint's stack into each deployed Model, from the declaration; you set
them yourself where you run the image elsewhere. The others are for whoever sits at a machine. AWS's own variables
(`AWS_REGION`, `AWS_PROFILE`, `AWS_ENDPOINT_URL` …) mean what they mean for boto3; none of our commands has another
name for them."""

SERVER = "chem_endpoints.wire.environment"
_OURS = re.compile(r"CHEM_ENDPOINTS_[A-Z_]+")
_USERS = {
    "chem_endpoints.client.user_folders": "the client",
    "chem_endpoints.image.engine": "`chem-endpoints image`",
    "chem_endpoints.local.address": "the local AWS",
}


def environment_page() -> str:
    """The page.

    Raises:
        AssertionError: a variable has no docstring, or one of a module that the page does not know.
    """
    named = [constant for path in modules() for constant in text_constants(path) if _OURS.fullmatch(constant.value)]
    server = list(text_constants(ROOT / f"{SERVER.replace('.', '/')}.py"))
    others = [constant for constant in named if constant.module != SERVER]
    assert {one.module for one in others} <= _USERS.keys(), sorted({one.module for one in others} - _USERS.keys())
    parts = [
        "## The server",
        table(["variable", "meaning"], _rows(server)),
        "## Commands and client",
        table(
            ["variable", "read by", "meaning"],
            [(variable, _USERS[one.module], text) for one, (variable, text) in zip(others, _rows(others), strict=True)],
        ),
    ]
    return generated_page("Environment variables", INTRODUCTION, parts)


def _rows(constants: Iterable[Constant]) -> list[tuple[str, str]]:
    rows = []
    for one in constants:
        assert one.text, f"{one.module}.{one.name}: has no docstring"
        rows.append((code(one.value), prose(one.text)))
    return rows
