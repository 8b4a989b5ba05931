"""Promise: a licence is what the package says, and what a person must read is marked."""

from email.message import Message

import pytest

from chem_endpoints.image.licences import licence
from chem_endpoints.image.packages import PythonPackage

READ = [
    pytest.param([("License-Expression", "mit or apache-2.0")], "MIT OR Apache-2.0", id="expression"),
    pytest.param([("License-Expression", "MIT"), ("License", "BSD-3-Clause")], "MIT", id="expression before licence"),
    pytest.param(
        [("License", "BSD-3-Clause"), ("Classifier", "License :: OSI Approved :: BSD License")],
        "BSD-3-Clause",
        id="exact licence before a vague classifier",
    ),
    pytest.param(
        [("License", "Copyright (c) 2001\nAll rights"), ("Classifier", "License :: OSI Approved :: BSD License")],
        "BSD License",
        id="classifier before a licence's whole text",
    ),
    pytest.param(
        [
            ("Classifier", "License :: OSI Approved :: MIT License"),
            ("Classifier", "License :: OSI Approved :: Apache Software License"),
            ("Classifier", "Topic :: Chemistry"),
        ],
        "Apache Software License; MIT License",
        id="all classifiers",
    ),
    pytest.param([("License", "Our own words\nand more")], "Our own words", id="first line of its own words"),
    pytest.param([("License", "UNKNOWN")], "unknown", id="says that it is unknown"),
    pytest.param([("Classifier", "License :: OSI Approved")], "unknown", id="classifier that names none"),
    pytest.param([], "unknown", id="nothing"),
]
TO_READ = [
    ("GPL-3.0-only", True),
    ("AGPL-3.0-or-later", True),
    ("MIT AND GPL-2.0-only", True),
    ("GPL-2.0-only OR AGPL-3.0-only", True),
    ("GNU General Public License v3 (GPLv3)", True),
    ("GNU Affero General Public License v3", True),
    ("unknown", True),
    ("GPL-2.0-only OR MIT", False),
    ("LGPL-3.0-or-later", False),
    ("GNU Lesser General Public License v3 (LGPLv3)", False),
    ("MPL-2.0 AND (Apache-2.0 OR MIT)", False),
    ("MIT", False),
]


def package(fields: list[tuple[str, str]]) -> PythonPackage:
    metadata = Message()
    for name, value in fields:
        metadata[name] = value
    return PythonPackage(name="a", version="1", folder="", metadata=metadata, files=(), size=0, compressed=0)


@pytest.mark.parametrize(("fields", "text"), READ)
def test_the_licence_is_the_most_exact_that_the_metadata_names(fields: list[tuple[str, str]], text: str) -> None:
    assert licence(package(fields)).text == text


@pytest.mark.parametrize(("text", "needs_reading"), TO_READ, ids=[text for text, _ in TO_READ])
def test_unknown_licences_and_strong_copyleft_without_a_choice_are_to_be_read(text: str, needs_reading: bool) -> None:
    assert licence(package([("License", text)])).needs_reading is needs_reading


def test_only_an_expression_is_called_spdx() -> None:
    assert licence(package([("License", "MIT")])).is_spdx
    assert not licence(package([("License", "MIT License")])).is_spdx
