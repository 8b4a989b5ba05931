"""Promise: a wrong setting is refused by its name and value; texts, as a command line gives them, are read."""

import pytest

from chem_endpoints.wire.bundle import BundleError
from model_scripts.conformers.settings import EnsembleSettings, read_settings


def test_without_settings_there_are_defaults() -> None:
    assert read_settings({}) == EnsembleSettings()


def test_values_and_their_texts_are_the_same() -> None:
    typed = read_settings({"conformers": 20, "fallback": True, "temperature": 310.0, "energy": "gfn2-xtb"})
    assert read_settings({"conformers": "20", "fallback": "true", "temperature": "310", "energy": "gfn2-xtb"}) == typed
    assert typed.conformers == 20
    assert read_settings({"conformers": "auto"}).conformers == "auto"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"conformer": 1}, "no setting 'conformer'; they have conformers, energy,"),
        ({"conformers": "many"}, "conformers='many'"),
        ({"conformers": 0}, "conformers=0"),
        ({"energy": "dft"}, "energy='dft'.*'mmff94s' or 'gfn2-xtb'"),
        ({"temperature": 0}, "temperature=0.*greater than 0"),
        ({"temperature": float("nan")}, "temperature=nan.*finite"),
        ({"window": -1}, "window=-1"),
    ],
)
def test_what_is_wrong_is_named(given: dict, told: str) -> None:
    with pytest.raises(BundleError, match=told):
        read_settings(given)
