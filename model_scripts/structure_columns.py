"""The columns that say which structure a row was answered for."""

from chem_endpoints.wire.columns import ORIG_SMILES, SALT, SMILES_USED, UNDEFINED_CHIRAL_CENTERS
from chem_endpoints.wire.manifest import Output

STRUCTURE_OUTPUTS = (
    Output(name=SMILES_USED, dtype="text", description="the structure that the model saw, after standardisation"),
    Output(name=SALT, dtype="text", description="the counterions that were stripped; empty where there were none"),
    Output(
        name=UNDEFINED_CHIRAL_CENTERS,
        dtype="int64",
        description="stereocentres whose configuration the structure leaves open",
    ),
)
"""Columns of every model that reads a structure."""

SENT_AND_USED = (Output(name=ORIG_SMILES, dtype="text", description="the structure as it was sent"), *STRUCTURE_OUTPUTS)
"""Columns of the endpoints that compute features."""
