"""The canonical tautomer, chosen by constitution alone.

RDKit's enumerator (M. Sitzmann et al., J. Comput. Aided Mol. Des. 2010, 24, 521, doi:10.1007/s10822-010-9346-4) chooses
otherwise when a molecule bears stereochemistry, is not idempotent then, and merges enantiomers (github.com/rdkit/rdkit
issues 7488, 7499 and 9518). So it is shown the flat molecule, in canonical order, and the configuration of every centre
and bond that the chosen tautomer leaves as it was is carried over.
"""

from collections.abc import Mapping

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors, rdqueries
from rdkit.Chem.MolStandardize import rdMolStandardize

MAX_TAUTOMERS = 500
MAX_TRANSFORMS = 500
"""Where either is reached, the choice would depend on the order of the atoms: there is no canonical tautomer then."""

_CENTRE = rdqueries.HasChiralTagQueryAtom()
_SIDES = {
    Chem.BondStereo.STEREOZ: Chem.BondStereo.STEREOCIS,
    Chem.BondStereo.STEREOCIS: Chem.BondStereo.STEREOCIS,
    Chem.BondStereo.STEREOE: Chem.BondStereo.STEREOTRANS,
    Chem.BondStereo.STEREOTRANS: Chem.BondStereo.STEREOTRANS,
}


def _enumerator() -> rdMolStandardize.TautomerEnumerator:
    parameters = rdMolStandardize.CleanupParameters()
    parameters.maxTautomers, parameters.maxTransforms = MAX_TAUTOMERS, MAX_TRANSFORMS
    return rdMolStandardize.TautomerEnumerator(parameters)


_ENUMERATOR = _enumerator()
_COMPLETED = rdMolStandardize.TautomerEnumeratorStatus.Completed


def canonical_tautomer(molecule: Chem.Mol) -> Chem.Mol | None:
    """The canonical tautomer of a molecule of one fragment; its atoms may be in another order.

    ``None``: the molecule is its own canonical tautomer, or has none: too many tautomers, or one that RDKit cannot
    write or that is another compound, as happens to exchangeable deuterium.
    """
    flat = Chem.Mol(molecule)
    Chem.RemoveStereochemistry(flat)
    text = Chem.MolToSmiles(flat)
    start = Chem.MolFromSmiles(text)
    chosen = None if start is None else _chosen(start)
    if chosen is None or Chem.MolToSmiles(chosen) == text or not _is_same_compound(start, chosen):
        return None
    order = flat.GetPropsAsDict(includePrivate=True, includeComputed=True)["_smilesAtomOutputOrder"]
    _carry_over(molecule, chosen, {old: new for new, old in enumerate(order)})
    return chosen


def _chosen(start: Chem.Mol) -> Chem.Mol | None:
    try:
        tautomers = _ENUMERATOR.Enumerate(start)
        is_choice = len(tautomers) > 1 and tautomers.status == _COMPLETED
        return _ENUMERATOR.PickCanonical(tautomers) if is_choice else None
    except (RuntimeError, ValueError):  # a broken invariant, or a tautomer without a Kekulé form
        return None


def _is_same_compound(start: Chem.Mol, chosen: Chem.Mol) -> bool:
    """Whether the tautomer can be read again, with the same atoms and the same charge."""
    again = Chem.MolFromSmiles(Chem.MolToSmiles(chosen))
    return again is not None and again.GetNumAtoms() == start.GetNumAtoms() and _formula(again) == _formula(start)


def _formula(molecule: Chem.Mol) -> str:
    return str(rdMolDescriptors.CalcMolFormula(molecule, separateIsotopes=True))


def _carry_over(source: Chem.Mol, target: Chem.Mol, new: Mapping[int, int]) -> None:
    """Sets the configurations of ``source`` where ``target`` is unchanged; ``new``: atom of source → of target."""
    for atom in source.GetAtomsMatchingQuery(_CENTRE):
        _carry_centre(atom, target.GetAtomWithIdx(new[atom.GetIdx()]), new)
    for bond in source.GetBonds():
        if bond.GetStereo() in _SIDES:
            _carry_bond(bond, target, new)
    Chem.AssignStereochemistry(target, cleanIt=True, force=True)


def _carry_centre(before: Chem.Atom, after: Chem.Atom, new: Mapping[int, int]) -> None:
    bonds = {new[bond.GetOtherAtomIdx(before.GetIdx())]: bond.GetBondType() for bond in before.GetBonds()}
    bonds_after = {bond.GetOtherAtomIdx(after.GetIdx()): bond.GetBondType() for bond in after.GetBonds()}
    if bonds != bonds_after or before.GetTotalNumHs() != after.GetTotalNumHs():
        return
    after.SetChiralTag(before.GetChiralTag())
    if _is_odd([list(bonds).index(neighbour) for neighbour in bonds_after]):
        after.InvertChirality()


def _is_odd(permutation: list[int]) -> bool:
    swaps = sum(late < early for place, early in enumerate(permutation) for late in permutation[place + 1 :])
    return swaps % 2 == 1


def _carry_bond(before: Chem.Bond, target: Chem.Mol, new: Mapping[int, int]) -> None:
    begin, end = new[before.GetBeginAtomIdx()], new[before.GetEndAtomIdx()]
    sides = [new[atom] for atom in before.GetStereoAtoms()]
    after = target.GetBondBetweenAtoms(begin, end)
    if after.GetBondType() != Chem.BondType.DOUBLE or len(sides) != 2:
        return
    after.SetStereoAtoms(*(sides if after.GetBeginAtomIdx() == begin else reversed(sides)))
    after.SetStereo(_SIDES[before.GetStereo()])
