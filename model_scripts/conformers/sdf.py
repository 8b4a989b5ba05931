"""Conformers as text for other programs."""

import io

from rdkit import Chem

from model_scripts.conformers.ensemble import Ensemble


def ensemble_sdf(ensemble: Ensemble) -> str:
    """An SD file (V2000, V3000 where that is too small), lowest conformer first.

    Each record has ``energy_kcal_per_mol`` (above the lowest), ``boltzmann_weight`` and ``energy_method``; coordinates
    are in Å, hydrogens explicit. No record has a name.
    """
    molecule = Chem.Mol(ensemble.molecule)
    for name in molecule.GetPropNames(includePrivate=True):
        molecule.ClearProp(name)
    text = io.StringIO()
    with Chem.SDWriter(text) as writer:
        pairs = zip(ensemble.energies.tolist(), ensemble.weights.tolist(), strict=True)
        for conformer, (energy, weight) in enumerate(pairs):
            molecule.SetProp("energy_kcal_per_mol", f"{energy:.4f}")
            molecule.SetProp("boltzmann_weight", f"{weight:.6f}")
            molecule.SetProp("energy_method", ensemble.energy_method)
            writer.write(molecule, confId=conformer)
    return text.getvalue()
