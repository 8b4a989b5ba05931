"""Brings every way of drawing one compound to one structure, so that training and serving see the same molecule.

In this order (A. P. Bento et al., J. Cheminform. 2020, 12, 51, doi:10.1186/s13321-020-00456-1, whose steps these are in
the main):

1. metals are disconnected, functional groups brought to one form (RDKit's MolStandardize);
2. counterions and solvents are stripped, before the largest of what is left is taken: the largest fragment of a salt
   may be its counterion (diatrizoate meglumine, methenamine hippurate);
3. charges are neutralised; those that cannot be, of quaternary nitrogen for example, stay, with a negative charge on an
   acid beside them in the same molecule: betaine and its hydrochloride are one compound;
4. the canonical tautomer is taken, last.

What comes out is a function of the canonical SMILES of what went in, so the order of the atoms does not matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

from chem_endpoints.wire.bundle import BundleError
from chem_endpoints.wire.columns import Reason
from chem_endpoints.wire.manifest import Standardisation
from model_scripts.chemistry.counterions import compounds_among, is_known, is_organic
from model_scripts.chemistry.normalise import normalised, uncharged
from model_scripts.chemistry.smiles import SmilesError, parse_smiles
from model_scripts.chemistry.tautomers import canonical_tautomer

VERSION = "1"


@dataclass(frozen=True, kw_only=True)
class Standardised:
    """One compound in standard form.

    Attributes:
        molecule: sanitised; parsed from ``smiles``.
        smiles: canonical isomeric SMILES.
        salt: canonical SMILES of all that was stripped, uncharged where that is possible, sorted and joined by dots;
            ``None``: nothing was. The smaller compounds of a mixture are here, too: nothing disappears unsaid.
        undefined_chiral_centers: tetrahedral centres of ``molecule`` without a configuration.
        stereo_lost: whether the charge or tautomer step removed the configuration of a centre or a bond.
        mixture: whether several different fragments that are no counterions were sent; the largest is kept.
    """

    molecule: Chem.Mol
    smiles: str
    salt: str | None
    undefined_chiral_centers: int
    stereo_lost: bool
    mixture: bool


def check_policy(policy: Standardisation) -> None:
    """Refuses a policy that this code does not carry out.

    Raises:
        BundleError: the policy has another version.
    """
    if policy.version != VERSION:
        raise BundleError(
            f"the model was trained on structures of standardisation {policy.version}, this image carries out"
            f" {VERSION}: train it again, or serve it with the image of its time"
        )


def standardise(text: str, policy: Standardisation) -> Standardised:
    """The standard form of a SMILES.

    Raises:
        SmilesError: the SMILES is unusable.
    """
    return standardise_molecule(parse_smiles(text), policy)


def standardise_molecule(molecule: Chem.Mol, policy: Standardisation) -> Standardised:
    """The standard form of a sanitised molecule, which is left as it is.

    A molecule without carbon stays as it is under every policy: in rock salt there is nothing to strip, and cisplatin
    is no mixture of ammonia and chloride.

    Raises:
        SmilesError: RDKit cannot standardise the structure, or not write it so that it can be read again.
    """
    start = _read_again(molecule) or molecule
    if policy.policy == "none" or not is_organic(start):
        return _described([_Form(molecule=start, stereo_lost=False)])
    clean = normalised(start)
    pieces = _pieces(clean)
    compounds = [pieces[position] for position in compounds_among([piece.neutral for piece in pieces])]
    if policy.policy == "salt":
        return _with_all_pieces(clean, mixture=_are_several(compounds), tautomer=policy.tautomer)
    return _parent(pieces, compounds, tautomer=policy.tautomer)


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """A fragment as it was sent, and uncharged."""

    sent: Chem.Mol
    neutral: Chem.Mol
    text: str
    """Canonical SMILES of ``neutral``."""

    @property
    def size(self) -> tuple[int, float, str]:
        """Sorts the largest first, and is the same in every order of fragments."""
        return -self.neutral.GetNumHeavyAtoms(), -rdMolDescriptors.CalcExactMolWt(self.neutral), self.text


@dataclass(frozen=True, kw_only=True)
class _Form:
    """What a fragment became."""

    molecule: Chem.Mol
    stereo_lost: bool


def _pieces(molecule: Chem.Mol) -> list[_Piece]:
    pieces = []
    for sent in Chem.GetMolFrags(molecule, asMols=True):
        neutral = uncharged(sent)
        pieces.append(_Piece(sent=sent, neutral=neutral, text=Chem.MolToSmiles(neutral)))
    return pieces


def _parent(pieces: Sequence[_Piece], compounds: Sequence[_Piece], *, tautomer: bool) -> Standardised:
    largest = min(compounds, key=lambda piece: piece.size)
    copies = [piece for piece in compounds if piece.text == largest.text]
    stripped = [piece.text for piece in pieces if piece not in copies]
    return _described(
        [_form(largest.sent, largest.neutral, tautomer=tautomer)],
        salt=".".join(sorted(stripped)) or None,
        mixture=_are_several(compounds),
    )


def _are_several(compounds: Sequence[_Piece]) -> bool:
    different = len({piece.text for piece in compounds}) > 1
    return different and not all(is_known(piece.neutral) for piece in compounds)


def _with_all_pieces(molecule: Chem.Mol, *, mixture: bool, tautomer: bool) -> Standardised:
    """Charges are neutralised in the whole: sodium acetate stays a salt, an amine hydrochloride is amine and HCl."""
    sent = Chem.GetMolFrags(molecule, asMols=True)
    neutral = Chem.GetMolFrags(uncharged(molecule), asMols=True)
    return _described([_form(*pair, tautomer=tautomer) for pair in zip(sent, neutral, strict=True)], mixture=mixture)


def _form(sent: Chem.Mol, neutral: Chem.Mol, *, tautomer: bool) -> _Form:
    """The furthest form of a fragment that can be read again: some mesoionic tautomers cannot."""
    forms = [canonical_tautomer(neutral) if tautomer else None, neutral, sent]
    for form in forms:
        molecule = None if form is None else _read_again(form)
        if molecule is not None:
            return _Form(molecule=molecule, stereo_lost=_configurations(molecule) < _configurations(sent))
    raise SmilesError(Reason.INVALID_SMILES.because("its standard form cannot be written as SMILES"))


def _read_again(molecule: Chem.Mol) -> Chem.Mol | None:
    return Chem.MolFromSmiles(Chem.MolToSmiles(molecule))


def _configurations(molecule: Chem.Mol) -> int:
    """Centres and bonds that have one."""
    return sum(element.specified == Chem.StereoSpecified.Specified for element in Chem.FindPotentialStereo(molecule))


def _described(forms: Sequence[_Form], *, salt: str | None = None, mixture: bool = False) -> Standardised:
    smiles = ".".join(sorted(Chem.MolToSmiles(form.molecule) for form in forms))
    molecule = Chem.MolFromSmiles(smiles) if len(forms) > 1 else forms[0].molecule
    return Standardised(
        molecule=molecule,
        smiles=smiles,
        salt=salt,
        undefined_chiral_centers=_undefined_centres(molecule),
        stereo_lost=any(form.stereo_lost for form in forms),
        mixture=mixture,
    )


def _undefined_centres(molecule: Chem.Mol) -> int:
    """Left out are nitrogens that invert or that their ring holds, and bridgeheads that can be one way only."""
    bridgeheads: list[int] = []
    rdMolDescriptors.CalcNumBridgeheadAtoms(molecule, bridgeheads)
    rigid = set(bridgeheads) - {centre for centre, _ in _independent_centres(molecule)} if bridgeheads else set()
    centres = (
        element.centeredOn
        for element in Chem.FindPotentialStereo(molecule)
        if element.type == Chem.StereoType.Atom_Tetrahedral and element.specified == Chem.StereoSpecified.Unspecified
    )
    return sum(centre not in rigid and not _is_amine(molecule.GetAtomWithIdx(centre)) for centre in centres)


def _independent_centres(molecule: Chem.Mol) -> list[tuple[int, str]]:
    return list(Chem.FindMolChiralCenters(molecule, includeUnassigned=True, useLegacyImplementation=True))


def _is_amine(atom: Chem.Atom) -> bool:
    return bool(atom.GetAtomicNum() == 7 and atom.GetFormalCharge() == 0)
