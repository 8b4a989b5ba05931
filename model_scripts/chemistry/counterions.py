"""Counterions and solvents: fragments that stand beside a compound and are not the compound.

Known are all fragments without carbon, and the acids, bases and solvents below, a SMILES and a name per line. They were
compiled from what is generally known of pharmaceutical salts: S. M. Berge et al., J. Pharm. Sci. 1977, 66, 1,
doi:10.1002/jps.2600660104; G. S. Paulekuhn et al., J. Med. Chem. 2007, 50, 6665, doi:10.1021/jm701032y; A. P. Bento et
al., J. Cheminform. 2020, 12, 51, doi:10.1186/s13321-020-00456-1; and, for solvents, ICH guideline Q3C.

Fragments are compared by their normalised, uncharged, flat canonical SMILES: charge and stereochemistry do not matter.
"""

from collections.abc import Callable, Iterable, Sequence

from rdkit import Chem

_ACIDS = """
CC(=O)Nc1ccc(C(=O)O)cc1 4-acetamidobenzoic acid
CC(=O)O acetic acid
CC(=O)NCC(=O)O aceturic acid
O=C(O)CCCCC(=O)O adipic acid
O=C1OC(C(O)CO)C(O)=C1O ascorbic acid
O=C(O)CCCCCCCC(=O)O azelaic acid
O=S(=O)(O)c1ccccc1 benzenesulfonic acid
CCCC(=O)O butyric acid
CC1(C(=O)O)CCC(C(=O)O)C1(C)C camphoric acid
CC1(C)C2CCC1(CS(=O)(=O)O)C(=O)C2 camphorsulfonic acid
CCCCCCCCCC(=O)O capric acid
CCCCCC(=O)O caproic acid
CCCCCCCC(=O)O caprylic acid
O=C=O carbon dioxide
O=C(O)O carbonic acid
O=S(=O)(O)c1ccc(Cl)cc1 4-chlorobenzenesulfonic acid
O=C(O)C=Cc1ccccc1 cinnamic acid
O=C(O)CC(O)(CC(=O)O)C(=O)O citric acid
O=S(=O)(O)NC1CCCCC1 cyclamic acid
O=C(O)CCC1CCCC1 cypionic acid
O=C(OC(C(=O)O)C(OC(=O)c1ccccc1)C(=O)O)c1ccccc1 dibenzoyltartaric acid
O=C(O)C(Cl)Cl dichloroacetic acid
Cc1ccc(C(=O)OC(C(=O)O)C(OC(=O)c2ccc(C)cc2)C(=O)O)cc1 ditoluoyltartaric acid
CCCCCCCCCCCCOS(=O)(=O)O dodecyl sulfate
O=C(O)CN(CCN(CC(=O)O)CC(=O)O)CC(=O)O edetic acid
O=S(=O)(O)CCS(=O)(=O)O ethane-1,2-disulfonic acid
CCS(=O)(=O)O ethanesulfonic acid
CCOC(=O)O ethyl carbonate
CCOS(=O)(=O)O ethyl sulfate
O=CO formic acid
O=C(O)C=CC(=O)O fumaric and maleic acid
O=C(O)c1ccco1 2-furoic acid
O=C(O)c1cc(O)ccc1O gentisic acid
O=C(O)C(O)C(O)C(O)C(O)C(O)CO glucoheptonic acid
O=C(O)C(O)C(O)C(O)C(O)CO gluconic acid
O=C(O)C1OC(O)C(O)C(O)C1O glucuronic acid
O=CC(O)C(O)C(O)C(O)C(=O)O glucuronic acid, open
O=C(O)CCCC(=O)O glutaric acid
O=P(O)(O)OCC(O)CO glycerol 1-phosphate
O=P(O)(O)OC(CO)CO glycerol 2-phosphate
O=C(O)CO glycolic acid
CCCCCCC(=O)O heptanoic acid
O=C(O)CNC(=O)c1ccccc1 hippuric acid
O=C(O)c1ccccc1C(=O)c1ccc(O)cc1 hybenzic acid
C#N hydrogen cyanide
O=C(O)c1ccc2ccccc2c1O 1-hydroxy-2-naphthoic acid
O=C(O)c1cc2ccccc2cc1O 3-hydroxy-2-naphthoic acid
CC(O)(CC(=O)O)CC(=O)O 3-hydroxy-3-methylglutaric acid
O=S(=O)(O)CCO isethionic acid
CC(C)C(=O)O isobutyric acid
N=C=S isothiocyanic acid
C=C(CC(=O)O)C(=O)O itaconic acid
CC(O)C(=O)O lactic acid
O=C(O)C(O)C(O)C(OC1OC(CO)C(O)C(O)C1O)C(O)CO lactobionic acid
CCCCCCCCCCCC(=O)O lauric acid
CC(=O)CCC(=O)O levulinic acid
O=C(O)CC(O)C(=O)O malic acid
O=C(O)CC(=O)O malonic acid
O=C(O)C(O)c1ccccc1 mandelic acid
Cc1cc(C)c(S(=O)(=O)O)c(C)c1 mesitylenesulfonic acid
CS(=O)(=O)O methanesulfonic acid
COS(=O)(=O)O methyl sulfate
O=C(O)C(O)C(O)C(O)C(O)C(=O)O mucic acid
CCCCCCCCCCCCCC(=O)O myristic acid
O=S(=O)(O)c1cccc2c(S(=O)(=O)O)cccc12 naphthalene-1,5-disulfonic acid
O=S(=O)(O)c1ccc2ccccc2c1 naphthalene-2-sulfonic acid
CCCCCCCCC(=O)O nonanoic acid
CCCCCCCCC=CCCCCCCCC(=O)O oleic acid
O=C(O)c1cc(=O)[nH]c(=O)[nH]1 orotic acid
O=C(O)C(=O)O oxalic acid
O=C(O)CCC(=O)C(=O)O 2-oxoglutaric acid
CCCCCCCCCCCCCCCC(=O)O palmitic acid
O=C(O)c1cc2ccccc2c(Cc2c(O)c(C(=O)O)cc3ccccc23)c1O pamoic acid
O=C(O)Cc1ccccc1 phenylacetic acid
O=C(O)CCc1ccccc1 3-phenylpropionic acid
Nc1ccc(P(=O)(O)O)cc1 phosphanilic acid
O=C(O)c1ccccc1C(=O)O phthalic acid
O=[N+]([O-])c1cc([N+](=O)[O-])c(O)c([N+](=O)[O-])c1 picric acid
CC(C)(C)C(=O)O pivalic acid
CCC(=O)O propionic acid
O=C1CCC(C(=O)O)N1 pyroglutamic acid
CC(=O)C(=O)O pyruvic acid
O=C(O)CCCCCCCCC(=O)O sebacic acid
CC=CC=CC(=O)O sorbic acid
CCCCCCCCCCCCCCCCCC(=O)O stearic acid
O=C(O)CCCCCCC(=O)O suberic acid
O=C(O)CCC(=O)O succinic acid
O=C(O)c1cccc(S(=O)(=O)O)c1 3-sulfobenzoic acid
O=C(O)c1ccc(S(=O)(=O)O)cc1 4-sulfobenzoic acid
O=C(O)c1cc(S(=O)(=O)O)ccc1O 5-sulfosalicylic acid
O=C(O)c1cccc(S(=O)(=O)O)c1O 3-sulfosalicylic acid
O=C(O)C(O)C(O)C(=O)O tartaric acid
O=C(O)c1ccc(C(=O)O)cc1 terephthalic acid
N#CS thiocyanic acid
Cc1ccccc1S(=O)(=O)O toluene-2-sulfonic acid
Cc1ccc(S(=O)(=O)O)cc1 toluene-4-sulfonic acid
O=C(O)C(Cl)(Cl)Cl trichloroacetic acid
O=S(=O)(NS(=O)(=O)C(F)(F)F)C(F)(F)F triflimide
O=C(O)C(F)(F)F trifluoroacetic acid
O=S(=O)(O)C(F)(F)F trifluoromethanesulfonic acid
O=C(O)C(c1ccccc1)(c1ccccc1)c1ccccc1 triphenylacetic acid
CCCCCCCCCCC(=O)O undecanoic acid
C=CCCCCCCCCC(=O)O undecylenic acid
CCCCC(=O)O valeric acid
Cc1ccc(S(=O)(=O)O)c(C)c1 2,4-xylenesulfonic acid
"""
_BASES = """
OCCN1CCOCC1 4-(2-hydroxyethyl)morpholine
OCCN1CCCC1 1-(2-hydroxyethyl)pyrrolidine
CCN(CC)CCO 2-(diethylamino)ethanol
CC(C)N(C)CCO 2-(isopropylmethylamino)ethanol
CNCCO 2-(methylamino)ethanol
CC(C)(N)CO 2-amino-2-methylpropan-1-ol
c1ccc(CCNCc2ccccc2)cc1 benethamine
c1ccc(CNCCNCc2ccccc2)cc1 benzathine
C[N+](C)(C)CCO choline
NC1CCCCC1N cyclohexane-1,2-diamine
NC1CCCCC1 cyclohexylamine
CN(C)CCO deanol
C1CCC(NC2CCCCC2)CC1 dicyclohexylamine
OCCNCCO diethanolamine
CCNCC diethylamine
CCN(C(C)C)C(C)C diisopropylethylamine
CC(O)CN(C)C dimepranol
CNC dimethylamine
CN(C)CC(O)C(O)C(O)C(O)CO dimethylglucamine
NCCO ethanolamine
NCCN ethylenediamine
NCC(O)C(O)C(O)C(O)CO glucamine
N=C(N)N guanidine
c1c[nH]cn1 imidazole
CNCC(O)C(O)C(O)C(O)CO meglumine
CN methylamine
CN1CCOCC1 4-methylmorpholine
C1COCCN1 morpholine
CC(N)c1ccccc1 1-phenylethylamine
c1ccncc1 pyridine
CC(C)(C)N tert-butylamine
CCCC[N+](CCCC)(CCCC)CCCC tetrabutylammonium
CC[N+](CC)(CC)CC tetraethylammonium
C[N+](C)(C)C tetramethylammonium
OCCN(CCO)CCO triethanolamine
CCN(CC)CC triethylamine
CN(C)C trimethylamine
NC(CO)(CO)CO tromethamine
"""
_SOLVENTS = """
CC(C)=O acetone
CC#N acetonitrile
COc1ccccc1 anisole
c1ccccc1 benzene
CCCCO 1-butanol
CCC(C)O 2-butanol
CCC(C)=O butanone
CCCCOC(C)=O butyl acetate
S=C=S carbon disulfide
ClC(Cl)(Cl)Cl carbon tetrachloride
Clc1ccccc1 chlorobenzene
ClC(Cl)Cl chloroform
C1CCCCC1 cyclohexane
ClCCCl 1,2-dichloroethane
ClCCl dichloromethane
CCOCC diethyl ether
CC(C)OC(C)C diisopropyl ether
COCCOC 1,2-dimethoxyethane
C[S+](C)[O-] dimethyl sulfoxide
CC(=O)N(C)C N,N-dimethylacetamide
CN(C)C=O N,N-dimethylformamide
C1COCCO1 1,4-dioxane
CCO ethanol
CCOC(C)=O ethyl acetate
OCCO ethylene glycol
NC=O formamide
OCC(O)CO glycerol
CCCCCCC heptane
OC(C(F)(F)F)C(F)(F)F hexafluoroisopropanol
CCCCCC hexane
CC(C)CO isobutanol
CC(=O)OC(C)C isopropyl acetate
Cc1cccc(C)c1 m-xylene
CO methanol
COCCO 2-methoxyethanol
COC(C)=O methyl acetate
CI methyl iodide
CC(=O)CC(C)C methyl isobutyl ketone
CC1CCCCC1 methylcyclohexane
CN1CCCC1=O N-methylpyrrolidone
CC1CCCO1 2-methyltetrahydrofuran
C[N+](=O)[O-] nitromethane
Cc1ccccc1C o-xylene
Cc1ccc(C)cc1 p-xylene
CCCCC pentane
CCCO 1-propanol
CC(C)O 2-propanol
CC(O)CO propylene glycol
CC(C)(C)O tert-butanol
COC(C)(C)C tert-butyl methyl ether
C1CCOC1 tetrahydrofuran
Cc1ccccc1 toluene
OCC(F)(F)F trifluoroethanol
"""
_ALSO_MEDICINES = """
CC1=CC(=O)NS(=O)(=O)O1 acesulfame
N=C(N)NCCCC(N)C(=O)O arginine
NC(CC(=O)O)C(=O)O aspartic acid
O=C(O)c1ccccc1 benzoic acid
C[N+](C)(C)CC(=O)[O-] betaine
Cn1c(=O)c2c(ncn2C)n(C)c1=O caffeine
Cn1c(=O)c2[nH]c(Cl)nc2n(C)c1=O 8-chlorotheophylline
O=C(O)c1cc(O)c(O)c(O)c1 gallic acid
NC(CCC(=O)O)C(=O)O glutamic acid
NCC(=O)O glycine
NC(Cc1c[nH]cn1)C(=O)O histidine
NC(Cc1cnc[nH]1)C(=O)O histidine, its other tautomer
O=C(O)c1ccc(O)cc1 4-hydroxybenzoic acid
NCCCCC(N)C(=O)O lysine
CN1CCNCC1 1-methylpiperazine
NC(=O)c1cccnc1 nicotinamide
O=C(O)c1cccnc1 nicotinic acid
C1CNCCN1 piperazine
O=C(O)C1CCCN1 proline
O=C1NS(=O)(=O)c2ccccc21 saccharin
O=C(O)c1ccccc1O salicylic acid
NCCS(=O)(=O)O taurine
Cn1c(=O)c2[nH]cnc2n(C)c1=O theophylline
NC(N)=O urea
"""
"""Salt formers and coformers that are medicines, too, when what stands beside them is a plain counterion: piperazine
citrate, choline salicylate."""


def fragment_key(fragment: Chem.Mol) -> str:
    """What an uncharged fragment is looked up by: canonical SMILES without stereochemistry and isotopes."""
    flat = Chem.MolToSmiles(fragment, isomericSmiles=False)
    if "[H]" in flat:  # a hydrogen atom that was deuterium
        plain = Chem.MolFromSmiles(flat)
        return flat if plain is None else str(Chem.MolToSmiles(plain))
    return str(flat)


def _keys(*lists: str) -> frozenset[str]:
    lines = (line for lines in lists for line in lines.split("\n") if line)
    return frozenset(fragment_key(Chem.MolFromSmiles(line.split(" ")[0])) for line in lines)


_CARBON = Chem.MolFromSmarts("[#6]")
COUNTERIONS = _keys(_ACIDS, _BASES, _SOLVENTS)
MEDICINAL_COUNTERIONS = _keys(_ALSO_MEDICINES)


def is_organic(fragment: Chem.Mol) -> bool:
    """Whether it holds carbon."""
    return bool(fragment.HasSubstructMatch(_CARBON))


def is_known(fragment: Chem.Mol) -> bool:
    """Whether an uncharged fragment is a counterion or a solvent."""
    key = fragment_key(fragment)
    return key in COUNTERIONS or key in MEDICINAL_COUNTERIONS or not is_organic(fragment)


def compounds_among(fragments: Sequence[Chem.Mol]) -> list[int]:
    """Positions of the uncharged fragments that may be the compound, never none of some.

    Stripped are what holds no carbon, then plain counterions and solvents, then counterions that are medicines, too;
    each only if something else remains.
    """
    kept = list(range(len(fragments)))
    for is_compound in _sieves(fragments) if len(fragments) > 1 else ():
        kept = [position for position in kept if is_compound(position)] or kept
    return kept


def _sieves(fragments: Sequence[Chem.Mol]) -> Iterable[Callable[[int], bool]]:
    keys = [fragment_key(fragment) for fragment in fragments]
    yield lambda position: is_organic(fragments[position])
    yield lambda position: keys[position] not in COUNTERIONS
    yield lambda position: keys[position] not in MEDICINAL_COUNTERIONS
