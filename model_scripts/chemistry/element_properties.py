"""Properties of the elements, as far as they are known, for `model_scripts.chemistry.mordred_counts`.

The figures of ``element_properties.csv`` are those that Mordred uses: masses, van der Waals radii (Å), polarisabilities
(Å³) and ionisation potentials (eV) from the Handbook of Chemistry and Physics, 94th edition; electronegativities after
Sanderson (J. Am. Chem. Soc. 1983, 105, 2259), Pauling, and Allred and Rochow.
"""

import csv
from pathlib import Path

import numpy as np

from model_scripts.chemistry.molecular_graph import Floats

PROPERTIES = ("Z", "m", "v", "se", "pe", "are", "p", "i")
"""Atomic number, mass, van der Waals volume, electronegativity by Sanderson, Pauling, Allred and Rochow,
polarisability, ionisation potential."""

_VOLUME = PROPERTIES.index("v")


def _relative_to_carbon() -> Floats:
    with (Path(__file__).parent / "element_properties.csv").open(newline="") as table:
        rows = [[float(cell or "nan") for cell in row] for row in list(csv.reader(table))[1:]]
    values = np.array([[np.nan] * len(PROPERTIES), *rows])
    values[:, _VOLUME] **= 3  # of a sphere; the factor cancels
    values /= values[6]
    values.flags.writeable = False
    return values


RELATIVE_TO_CARBON = _relative_to_carbon()
"""Float64 ``[atomic number, property]``, as multiples of carbon's; NaN where nothing is known."""
