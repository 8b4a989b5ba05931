"""One stereoisomer per ensemble: chosen where it is undefined, kept while conformers are made, mirrored where it helps.

- Centres and double bonds without a configuration get that of the first geometry that can be embedded, so that an
  impossible isomer (a strained ring junction) is never chosen, and so that no ensemble mixes stereoisomers.
- Of two mirror images the one whose SMILES sorts first is embedded, and the ensemble reflected for the other:
  enantiomers have the same energies and the same achiral descriptors, which two independent searches would not give.
"""

from dataclasses import dataclass

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolTransforms
from rdkit.Geometry import Point3D

from model_scripts.conformers.embedding import Tier, embed, first_conformers
from model_scripts.conformers.minimisation import force_field_of, minimise
from model_scripts.conformers.settings import EnsembleSettings

_TETRAHEDRAL = (Chem.ChiralType.CHI_TETRAHEDRAL_CW, Chem.ChiralType.CHI_TETRAHEDRAL_CCW)
_CHOSEN = (Chem.StereoType.Atom_Tetrahedral, Chem.StereoType.Bond_Double)
_TOGETHER = (Chem.BondStereo.STEREOCIS, Chem.BondStereo.STEREOZ)
_APART = (Chem.BondStereo.STEREOTRANS, Chem.BondStereo.STEREOE)


@dataclass(frozen=True, kw_only=True)
class Isomer:
    """The stereoisomer of an ensemble.

    Attributes:
        smiles: canonical isomeric SMILES; everything that can be defined is.
        embedded: that of the same isomer, or of its mirror image if that sorts first.
    """

    smiles: str
    embedded: str

    @property
    def reflected(self) -> bool:
        """Whether the mirror image is embedded."""
        return self.smiles != self.embedded


def isomer_of(smiles: str, settings: EnsembleSettings) -> Isomer:
    """The stereoisomer to embed for a structure.

    Args:
        smiles: canonical isomeric SMILES of one connected structure.
        settings: tells how many geometries are compared where something is undefined.

    Raises:
        NoEnsembleError: something is undefined and no geometry can be embedded.
    """
    first = min(smiles, mirror_image(smiles))
    defined = _defined(first, settings) if has_undefined_stereo(Chem.MolFromSmiles(first)) else first
    mirrored = mirror_image(defined)
    wanted = defined if first == smiles else mirrored
    return Isomer(smiles=wanted, embedded=min(defined, mirrored))


def mirror_image(smiles: str) -> str:
    """Canonical SMILES with every tetrahedral centre inverted; the same text for an achiral structure.

    Helices, allenes and metal centres are left as they are.
    """
    molecule = Chem.MolFromSmiles(smiles)
    for atom in molecule.GetAtoms():
        if atom.GetChiralTag() in _TETRAHEDRAL:
            atom.InvertChirality()
    return str(Chem.MolToSmiles(Chem.MolFromSmiles(Chem.MolToSmiles(molecule))))


def has_undefined_stereo(molecule: Chem.Mol) -> bool:
    """Whether a tetrahedral centre or a double bond could have a configuration and has none."""
    return any(
        element.type in _CHOSEN and element.specified == Chem.StereoSpecified.Unspecified
        for element in Chem.FindPotentialStereo(molecule)
    )


def _defined(smiles: str, settings: EnsembleSettings) -> str:
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    tier, found = first_conformers(molecule, 1)
    if settings.isomers > 1:
        found = _lowest(molecule, tier, settings)
    Chem.AssignStereochemistryFrom3D(found, confId=found.GetConformers()[0].GetId())
    return str(Chem.MolToSmiles(Chem.MolFromSmiles(Chem.MolToSmiles(Chem.RemoveHs(found)))))


def _lowest(molecule: Chem.Mol, tier: Tier, settings: EnsembleSettings) -> Chem.Mol:
    """The lowest of the first geometries, minimised."""
    candidates = embed(molecule, tier, start=0, count=settings.isomers)
    energies = minimise(candidates, force_field_of(molecule), steps=settings.steps)
    return Chem.Mol(candidates, confId=candidates.GetConformers()[int(np.nanargmin(energies))].GetId())


def keeps_stereo(molecule: Chem.Mol, conformer: int) -> bool:
    """Whether a conformer has the configurations that the molecule states; minimisation may turn a centre over."""
    centres = {
        atom.GetIdx(): atom.GetChiralTag() for atom in molecule.GetAtoms() if atom.GetChiralTag() in _TETRAHEDRAL
    }
    if centres:
        seen = Chem.Mol(molecule)
        Chem.AssignAtomChiralTagsFromStructure(seen, conformer, replaceExistingTags=True)
        if any(seen.GetAtomWithIdx(index).GetChiralTag() != tag for index, tag in centres.items()):
            return False
    return all(_keeps_bond(molecule, bond, conformer) for bond in molecule.GetBonds())


def _keeps_bond(molecule: Chem.Mol, bond: Chem.Bond, conformer: int) -> bool:
    ends = list(bond.GetStereoAtoms())
    if len(ends) != 2 or bond.GetStereo() not in (*_TOGETHER, *_APART):
        return True
    torsion = rdMolTransforms.GetDihedralDeg(
        molecule.GetConformer(conformer), ends[0], bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), ends[1]
    )
    return (abs(float(torsion)) < 90) == (bond.GetStereo() in _TOGETHER)


def reflect(molecule: Chem.Mol) -> Chem.Mol:
    """The mirror image: x turned round in all conformers, all tetrahedral centres inverted."""
    reflected = Chem.Mol(molecule)
    for atom in reflected.GetAtoms():
        if atom.GetChiralTag() in _TETRAHEDRAL:
            atom.InvertChirality()
    for conformer in reflected.GetConformers():
        for index, (x, y, z) in enumerate(conformer.GetPositions().tolist()):
            conformer.SetAtomPosition(index, Point3D(-x, y, z))
    Chem.AssignStereochemistry(reflected, cleanIt=True, force=True)
    return reflected
