"""From molecule blocks to SMILES, by RDKit where it is installed."""

from collections.abc import Sequence

from chem_endpoints.errors import NoRdkitError


def smiles_of_blocks(blocks: Sequence[str]) -> list[str | None]:
    """The canonical SMILES of each block, with its stereochemistry and without drawn hydrogens.

    Args:
        blocks: V2000 or V3000 molecule blocks.

    Returns:
        One SMILES for each block; ``None`` where RDKit cannot read it; empty where it has no atoms.

    Raises:
        NoRdkitError: RDKit is not installed.
    """
    try:
        from rdkit import Chem, rdBase
    except ImportError:
        raise NoRdkitError("RDKit is not installed: pip install rdkit") from None
    with rdBase.BlockLogs():  # its messages would stand among those of the caller
        molecules = (_molecule(Chem, block) for block in blocks)
        return [None if molecule is None else str(Chem.MolToSmiles(molecule)) for molecule in molecules]


def _molecule(chem: object, block: str) -> object:
    try:
        return chem.MolFromMolBlock(block)  # type: ignore[attr-defined]
    except RuntimeError:  # a broken block that RDKit meets with an exception instead of None
        return None
