"""The descriptor set ``rdkit_2d``: a fixed, ordered, versioned list of RDKit 2D descriptors.

The list is written out, so that a new RDKit that adds, drops or reorders descriptors changes no model: a bundle names
set and version, and a test compares the list with what the installed RDKit offers. Left out: ``Ipc`` and ``AvgIpc``,
which overflow and take minutes on long chains (github.com/rdkit/rdkit issue 1527).
"""

import numpy as np
import numpy.typing as npt
from rdkit import Chem

from model_scripts.chemistry.rdkit_families import RDKIT_FAMILIES, Subject, computed

NAME = "rdkit_2d"
VERSION = "1"

COLUMNS: tuple[str, ...] = tuple(
    """
    MaxAbsEStateIndex MaxEStateIndex MinAbsEStateIndex MinEStateIndex qed SPS MolWt HeavyAtomMolWt
    ExactMolWt NumValenceElectrons NumRadicalElectrons MaxPartialCharge MinPartialCharge
    MaxAbsPartialCharge MinAbsPartialCharge FpDensityMorgan1 FpDensityMorgan2 FpDensityMorgan3
    BCUT2D_MWHI BCUT2D_MWLOW BCUT2D_CHGHI BCUT2D_CHGLO BCUT2D_LOGPHI BCUT2D_LOGPLOW BCUT2D_MRHI
    BCUT2D_MRLOW BalabanJ BertzCT Chi0 Chi0n Chi0v Chi1 Chi1n Chi1v Chi2n Chi2v Chi3n Chi3v Chi4n Chi4v
    HallKierAlpha Kappa1 Kappa2 Kappa3 LabuteASA PEOE_VSA1 PEOE_VSA10 PEOE_VSA11 PEOE_VSA12 PEOE_VSA13
    PEOE_VSA14 PEOE_VSA2 PEOE_VSA3 PEOE_VSA4 PEOE_VSA5 PEOE_VSA6 PEOE_VSA7 PEOE_VSA8 PEOE_VSA9 SMR_VSA1
    SMR_VSA10 SMR_VSA2 SMR_VSA3 SMR_VSA4 SMR_VSA5 SMR_VSA6 SMR_VSA7 SMR_VSA8 SMR_VSA9 SlogP_VSA1
    SlogP_VSA10 SlogP_VSA11 SlogP_VSA12 SlogP_VSA2 SlogP_VSA3 SlogP_VSA4 SlogP_VSA5 SlogP_VSA6
    SlogP_VSA7 SlogP_VSA8 SlogP_VSA9 TPSA EState_VSA1 EState_VSA10 EState_VSA11 EState_VSA2 EState_VSA3
    EState_VSA4 EState_VSA5 EState_VSA6 EState_VSA7 EState_VSA8 EState_VSA9 VSA_EState1 VSA_EState10
    VSA_EState2 VSA_EState3 VSA_EState4 VSA_EState5 VSA_EState6 VSA_EState7 VSA_EState8 VSA_EState9
    FractionCSP3 HeavyAtomCount NHOHCount NOCount NumAliphaticCarbocycles NumAliphaticHeterocycles
    NumAliphaticRings NumAmideBonds NumAromaticCarbocycles NumAromaticHeterocycles NumAromaticRings
    NumAtomStereoCenters NumBridgeheadAtoms NumHAcceptors NumHDonors NumHeteroatoms NumHeterocycles
    NumRotatableBonds NumSaturatedCarbocycles NumSaturatedHeterocycles NumSaturatedRings NumSpiroAtoms
    NumUnspecifiedAtomStereoCenters Phi RingCount MolLogP MolMR fr_Al_COO fr_Al_OH fr_Al_OH_noTert
    fr_ArN fr_Ar_COO fr_Ar_N fr_Ar_NH fr_Ar_OH fr_COO fr_COO2 fr_C_O fr_C_O_noCOO fr_C_S fr_HOCCN
    fr_Imine fr_NH0 fr_NH1 fr_NH2 fr_N_O fr_Ndealkylation1 fr_Ndealkylation2 fr_Nhpyrrole fr_SH
    fr_aldehyde fr_alkyl_carbamate fr_alkyl_halide fr_allylic_oxid fr_amide fr_amidine fr_aniline
    fr_aryl_methyl fr_azide fr_azo fr_barbitur fr_benzene fr_benzodiazepine fr_bicyclic fr_diazo
    fr_dihydropyridine fr_epoxide fr_ester fr_ether fr_furan fr_guanido fr_halogen fr_hdrzine fr_hdrzone
    fr_imidazole fr_imide fr_isocyan fr_isothiocyan fr_ketone fr_ketone_Topliss fr_lactam fr_lactone
    fr_methoxy fr_morpholine fr_nitrile fr_nitro fr_nitro_arom fr_nitro_arom_nonortho fr_nitroso
    fr_oxazole fr_oxime fr_para_hydroxylation fr_phenol fr_phenol_noOrthoHbond fr_phos_acid
    fr_phos_ester fr_piperdine fr_piperzine fr_priamide fr_prisulfonamd fr_pyridine fr_quatN fr_sulfide
    fr_sulfonamd fr_sulfone fr_term_acetylene fr_tetrazole fr_thiazole fr_thiocyan fr_thiophene
    fr_unbrch_alkane fr_urea
    """.split()
)

_PLACES = {name: place for place, name in enumerate(COLUMNS)}
_LEFT_OUT = len(COLUMNS)
"""Where the values of descriptors go that are computed together with others, and are none of the set's."""

_PLAN = tuple(
    (family, np.array([_PLACES.get(name, _LEFT_OUT) for name in family.names], dtype=np.intp))
    for family in RDKIT_FAMILIES
)


def describe(molecule: Chem.Mol) -> npt.NDArray[np.float32]:
    """The descriptors of one molecule, float32 ``[len(COLUMNS)]``.

    A descriptor that is undefined for the molecule, or too large for float32, is NaN in its cell alone.
    """
    subject = Subject(molecule)
    values = np.full(len(COLUMNS) + 1, np.nan)
    with np.errstate(all="ignore"):
        for family, positions in _PLAN:
            values[positions] = computed(family, subject)
    values[~(np.abs(values) <= np.finfo(np.float32).max)] = np.nan
    return values[:_LEFT_OUT].astype(np.float32)
