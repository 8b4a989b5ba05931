"""How many shapes a structure has, from the populations of its conformers."""

from model_scripts.conformers.boltzmann import Floats, conformational_entropy


def flexibility(weights: Floats) -> dict[str, float]:
    """``flex_*`` of an ensemble.

    ``flex_index`` is the conformational entropy in units of R: 0 for a rigid structure, ln n for n equally populated
    conformers. (Workbench divides the range of energies by the lowest one, whose zero is arbitrary.)
    """
    return {"flex_index": conformational_entropy(weights), "flex_confs_in_window": float(len(weights))}
