"""Promise: what a bundle requires is compared with what is installed, line by line, and nothing else is done."""

from importlib import metadata
from pathlib import Path

import pytest

from container.server.requirement_check import unmet_requirements

NUMPY = metadata.version("numpy")


def unmet(folder: Path, text: str) -> list[str]:
    path = folder / "requirements.txt"
    path.write_text(text)
    return unmet_requirements(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing\n\n",
        "numpy",
        f"numpy=={NUMPY}  # pinned\n",
        "numpy>=1,<100\nScikit_Learn\n",
        f"numpy=={NUMPY} \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{'1' * 64}\n",
        "no-such-library; sys_platform == 'never'",
        "--extra-index-url https://example.org/simple\nnumpy\n",
        "\ufeffnumpy\r\n",
        "numpy @ https://example.org/numpy.whl",
    ],
)
def test_requirements_that_are_met_pass(tmp_path: Path, text: str) -> None:
    assert unmet(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no-such-library>=2", "no-such-library is not installed"),
        ("numpy==0.1", f"numpy {NUMPY} is installed, ==0.1 is required"),
        ("numpy>=100", f"numpy {NUMPY} is installed, >=100 is required"),
        ("numpy \\\n  ==0.1", f"numpy {NUMPY} is installed, ==0.1 is required"),
        ("numpy\n\n-r more.txt", "requirements.txt line 3 refers to another file: write it out"),
        ("numpy\n./local.whl", "requirements.txt line 2 is not a requirement that can be read"),
    ],
)
def test_what_is_missing_or_differs_is_named(tmp_path: Path, text: str, told: str) -> None:
    assert unmet(tmp_path, text) == [told]


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    assert len(unmet(tmp_path, "no-such-library\nnumpy==0.1\npandas\n")) == 2
