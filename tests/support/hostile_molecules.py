"""Texts in a ``smiles`` column that harm a server without guards, and what the built-in model owes for each.

Three kinds: what RDKit reads as another compound without a word, what it cannot read, and what makes it hang, crash or
fill the memory (RDKit 2026.9.1; the number after ``rdkit#`` is that of an issue at github.com/rdkit/rdkit).
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Unguarded = Literal["ok", "none", "wrong", "hang", "gigabytes", "crash"]
Expected = Literal["reason", "value"]

VANCOMYCIN = (
    "C[C@H]1[C@H]([C@@](C[C@@H](O1)O[C@@H]2[C@H]([C@@H]([C@H](O[C@H]2OC3=C4C=C5C=C3OC6=C(C=C(C=C6)[C@H]([C@H](C(=O)N"
    "[C@H](C(=O)N[C@H]5C(=O)N[C@@H]7C8=CC(=C(C=C8)O)C9=C(C=C(C=C9O)O)[C@H](NC(=O)[C@H]([C@@H](C1=CC(=C(O4)C=C1)Cl)O)"
    "NC7=O)C(=O)O)CC(=O)N)NC(=O)[C@@H](CC(C)C)NC)O)Cl)CO)O)O)(C)N)O"
)
CYCLOSPORIN_ISOMER = (
    "C/C=C/C[C@@H](C)[C@@H](O)[C@H]1C(=O)N[C@@H](CC)C(=O)N(C)CC(=O)N(C)[C@@H](CC(C)C)C(=O)N[C@@H](C(C)C)C(=O)N(C)"
    "[C@@H](CC(C)C)C(=O)N[C@@H](C)C(=O)N[C@H](C)C(=O)N(C)[C@@H](CC(C)C)C(=O)N(C)[C@@H](CC(C)C)C(=O)N(C)"
    "[C@@H](C(C)C)C(=O)N1C"
)
CANNOT_BE_EMBEDDED = "CCSCc1ccc2c(c1)c1c3c(c4c5cc(CSCC)ccc5n5c4c1n2[C@@H]1C[C@H](C(=O)OOC)[C@]5(C)O1)CNC3=O"
LADDER_OF_MACROCYCLES = (
    "COC1=CC=C(C=C1)C2C3=C(C=CC4=CC=CC=C43)OC5=CC6=C(C=C5)C7=NC8=C9C=CC1=CC9=C(N8)N=C3C4=C5C=CC(=C4)OC4=C(C(C8=C(C="
    "CC9=CC=CC=C98)OC8=CC9=C(C=C8)C8=NC9=NC9=C%10C=C(C=CC%10=C(N9)N=C9C%10=C(C=C(C=C%10)OC%10=C2C2=CC=CC=C2C=C%10)C("
    "=N9)NC2=NC(=N8)C8=C2C=C(C=C8)OC2=C(C(C8=C(C=CC9=CC=CC=C98)OC8=CC9=C(C=C8)C(=NC5=N3)N=C9NC6=N7)C3=CC=C(C=C3)OC)"
    "C3=CC=CC=C3C=C2)OC2=C(C(C3=C(O1)C=CC1=CC=CC=C13)C1=CC=C(C=C1)OC)C1=CC=CC=C1C=C2)C1=CC=C(C=C1)OC)C1=CC=CC=C1C=C4"
)
FULLERENE = (
    "c12c3c4c5c1c1c6c7c2c2c8c3c3c9c4c4c%10c5c5c1c1c6c6c%11c7c2c2c7c8c3c3c8c9c4c4c9c%10c5c5c1c1c6c6c%11c2c2c7c3c3c8c4"
    "c4c9c5c1c1c6c2c3c41"
)
TANNIC_ACID = (
    "C1=C(C=C(C(=C1O)O)O)C(=O)OC2=CC(=CC(=C2O)O)C(=O)OC[C@@H]3[C@H]([C@@H]([C@H]([C@@H](O3)OC(=O)C4=CC(=C(C(=C4)OC(="
    "O)C5=CC(=C(C(=C5)O)O)O)O)O)OC(=O)C6=CC(=C(C(=C6)OC(=O)C7=CC(=C(C(=C7)O)O)O)O)O)OC(=O)C8=CC(=C(C(=C8)OC(=O)C9=CC"
    "(=C(C(=C9)O)O)O)O)O)OC(=O)C1=CC(=C(C(=C1)OC(=O)C1=CC(=C(C(=C1)O)O)O)O)O"
)


@dataclass(frozen=True, kw_only=True)
class HostileMolecule:
    """One text.

    Attributes:
        name: for test reports; names no structure.
        build: makes the text; the large ones are megabytes.
        unguarded: what an unguarded RDKit script does with it: ``ok``, ``none`` (a clean refusal), ``wrong`` (reads
            another compound), ``hang`` (seconds to for ever), ``gigabytes`` or ``crash``.
        expected: what the built-in model answers: a ``reason``, or a ``value`` because it is legitimate chemistry.
    """

    name: str
    build: Callable[[], str]
    unguarded: Unguarded
    expected: Expected

    @property
    def text(self) -> str:
        """The text, made anew at each call."""
        return self.build()


def hostile_molecules() -> tuple[HostileMolecule, ...]:
    """The whole corpus, in a fixed order."""
    return (*_other_compounds(), *_unusual_chemistry(), *_unreadable(), *_costly())


def _written(unguarded: Unguarded, expected: Expected, texts: dict[str, str]) -> list[HostileMolecule]:
    return [
        HostileMolecule(name=name, build=lambda text=text: text, unguarded=unguarded, expected=expected)
        for name, text in texts.items()
    ]


def _other_compounds() -> list[HostileMolecule]:
    return _written(
        "wrong",
        "reason",
        {
            "empty": "",
            "second line": "CCO\nCCN",
            "carriage return": "CCO\rCCN",
            "name after blank": "CCO ethanol",
            "name after tab": "CCO\tethanol",
            "extension": "CCO |$R1;;$|",
            "broken extension": "CCO |oops",
            "polymer extension": "*CC* |$star_e;;;star_e$|",
            "cyrillic es": "\u0421\u0421O",
            "cyrillic o": "CC\u041e",
            "emoji": "C\U0001f600",
            "byte order mark": "\ufeffCCO",
            "no-break space": "CCO\u00a0x",
            "no-break space at the end": "\u00a0CCO\u200b",
            "zero width space": "C\u200bCO",
            "isotope that wraps": "[99999C]",
            "charge that wraps": "[Fe+100000]",
            "negative charge that wraps": "[Fe-70000]",
            "isotope that does not exist": "[999CH4]",
            "isotope lighter than its protons": "[2C]",
            "charge beyond the protons": "[C+99]",
            "charge of ten electrons": "[O-10]",
            "selfies ethanol": "[C][C][O]",
            "selfies dioxygen": "[O][O]",  # SELFIES: hydrogen peroxide; SMILES: dioxygen, which is written O=O
            "selfies methanediol": "[O][C][O]",
            "selfies hydrazine": "[N][N]",
            "octahedral carbon": "[C@OH13]",
            "bipyramidal carbon": "[C@TB5]",
            "chiral atom without neighbours": "[C@H]",
            "labelled carbon without hydrogens": "[13C]c1ccccc1",
            "ring closed by two bonds": "C-1CC=1",
            "ring closed by three bonds": "C=1CC#1",
            "dummy atom": "*",
            "mapped dummy atom": "[*:1]c1ccccc1",
            "polymer": "*CC*",
            "any bond": "C~C",
            "aromatic bond in a chain": "C:C",
            "atomic number": "[#6]",
            "arrow to carbon": "CC->CO",
        },
    )


def _unusual_chemistry() -> list[HostileMolecule]:
    return _written(
        "ok",
        "value",
        {
            "salt": "[Na+].[Cl-]",
            "ferrocene": "[Fe+2].c1cc[cH-]c1.c1cc[cH-]c1",
            "cisplatin": "[NH3]->[Pt](<-[NH3])([Cl])[Cl]",
            "uranium": "[U]",
            "methyl radical": "[CH3]",
            "hydrogen atom": "[H]",
            "proton": "[H+]",
            "hydrogen": "[H][H]",
            "deuterium": "[2H][2H]",
            "chlorine in brackets": "[Cl][Cl]",
            "carbene": "[CH2]",
            "carbon monoxide": "[C-]#[O+]",
            "labelled methane": "[14CH4]",
            "mapped atom": "[CH3:1][CH2:2][OH:3]",
            "bond at the closing digit only": "C1CC=1",  # cyclopropene: OpenSMILES lets either end bear it
            "ring number in two digits": "C%10CC%10",
            "ring number in parentheses": "C%(100)CC%(100)",
            "blanks around": "  CCO\t",
            "helium": "[He]",
            "quaternary ammonium": "C[N+](C)(C)C",
            "sulfur hexafluoride": "FS(F)(F)(F)(F)F",
            "same compound twice": "CCO.CCO",
            "cubane": "C12C3C4C1C5C2C3C45",
            "quadruple bond": "[Re]$[Re]",
        },
    )


def _unreadable() -> list[HostileMolecule]:
    return _written(
        "none",
        "reason",
        {
            "blanks": "   ",
            "tabs": "\t\t",
            "text nan": "nan",
            "text NA": "NA",
            "text null": "null",
            "text None": "None",
            "quoted": '"CCO"',
            "list": "CCO,CCN",
            "spreadsheet formula": "=cmd|' /C calc'!A0",
            "five bonds at carbon": "C(C)(C)(C)(C)C",
            "five bonds at nitrogen": "CN(C)(C)(C)C",
            "odd aromatic ring": "c1cccc1",
            "aromatic ring without hydrogen": "c1cncc1",
            "open ring": "C1CCCC",
            "open branch": "C(C",
            "branch closed twice": "CC)C",
            "unknown letter": "CXC",
            "residue": "[R1]CC",
            "any atom": "[A]C",
            "unknown element": "[Zz]",
            "hundred hydrogens": "[CH100]",
            "electron": "[e-]",
            "huge map number": "[CH3:99999999999]",
            "reaction": "CCO>>CC=O",
            "reaction with agent": "CC.O>[Pd]>CO",
            "smarts": "[#6;R1]~[!#1]",
            "smarts recursion": "[$(C=O)]",
            "inchi": "InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3",
            "inchi key": "LFQSCWFLJHTTHZ-UHFFFAOYSA-N",
            "molblock": "\n  RDKit\n\n  1  0  0  0  0  0  0  0  0  0999 V2000\n    0.0 0.0 0.0 C   0  0\nM  END\n",
            "systematic name": "2-acetyloxybenzoic acid",
            "trivial name": "aspirin",
            "bigsmiles": "{[$][$]CC[$][$]}",
            "helm": "PEPTIDE1{A.R.G}$$$$",
            "json": '{"smiles": "CCO"}',
            "cas number": "64-17-5",
            "formula": "C2H6O",
            "fullwidth letters": "\uff23\uff23\uff2f",
            "minus sign": "[Cl\u2212]",
            "nul inside": "CC\x00O",
            "nul alone": "\x00",
            "escape": "CC\x1b[31mO",
            "ring number in three digits": "C%100CC%100",
            "ring with itself": "C11",
            "half a surrogate pair": "CC\ud800O",
            "empty brackets": "[]",
            "open bracket": "[C",
            "nested brackets": "[[C]]",
            "empty fragment": "C..C",
            "trailing dot": "CCO.",
            "empty branch": "C()",
            "two bonds": "C==C",
            "bond at the end": "CC=",
            "percent at the end": "CC%",
            "three at signs": "[C@@@H](F)(Cl)Br",
            "path": "../../etc/passwd",
            "script": "<script>alert(1)</script>",
            "sql": "C'; DROP TABLE compounds; --",
            "template": "${jndi:ldap://localhost/a}",
            "selfies ring": "[C][=C][C][=C][C][=C][Ring1][=Branch1]",
        },
    )


def _costly() -> list[HostileMolecule]:
    def case(name: str, unguarded: Unguarded, expected: Expected, build: Callable[[], str]) -> HostileMolecule:
        return HostileMolecule(name=name, build=build, unguarded=unguarded, expected=expected)

    return [
        case("chain of 100", "ok", "value", lambda: "C" * 100),
        case("chain of 200", "hang", "value", lambda: "C" * 200),  # embedding; Ipc with threads
        case("chain of 400", "hang", "reason", lambda: "C" * 400),
        case("chain of 1 000", "hang", "reason", lambda: "C" * 1_000),
        case("chain of 30 000", "gigabytes", "reason", lambda: "C" * 30_000),
        case("chain of 100 000", "gigabytes", "reason", lambda: "C" * 100_000),  # Morgan
        case("chain of 1 000 000", "hang", "reason", lambda: "C" * 1_000_000),
        case("vancomycin", "hang", "value", lambda: VANCOMYCIN),
        case("tannic acid", "hang", "value", lambda: TANNIC_ACID),
        case("fullerene", "hang", "value", lambda: FULLERENE),
        case("embedding without end", "hang", "value", lambda: CANNOT_BE_EMBEDDED),  # rdkit#4765
        case("cyclosporin isomer", "hang", "value", lambda: CYCLOSPORIN_ISOMER),  # rdkit#8259
        case("ladder of macrocycles", "none", "reason", lambda: LADDER_OF_MACROCYCLES),  # rdkit#1281, rdkit#1360
        case("arginine 10", "hang", "value", lambda: polypeptide("CCCNC(N)=N", 10)),
        case("arginine 50", "hang", "reason", lambda: polypeptide("CCCNC(N)=N", 50)),
        case("alanine 200", "hang", "reason", lambda: polypeptide("C", 200)),
        case("dendrimer of 1 023", "hang", "reason", lambda: dendrimer(10)),
        case("macrocycle of 5 000", "gigabytes", "reason", lambda: macrocycle(5_000)),
        case("macrocycle of 10 000", "gigabytes", "reason", lambda: macrocycle(10_000)),  # rdkit#9115
        case("macrocycle of 15 000", "gigabytes", "reason", lambda: macrocycle(15_000)),
        case("macrocycle of 200", "hang", "value", lambda: macrocycle(200)),
        case("random rings of 100", "hang", "reason", lambda: random_rings(100)),
        case("random rings of 200", "hang", "reason", lambda: random_rings(200)),
        case("random rings of 1 000", "gigabytes", "reason", lambda: random_rings(1_000)),
        case("random rings of 5 000", "crash", "reason", lambda: random_rings(5_000)),
        case("sixty random rings", "hang", "value", lambda: random_rings(59)),
        case("ladder of cyclobutanes", "hang", "value", lambda: ladder(60)),
        case("fragments 10 000", "hang", "reason", lambda: ".".join(["C"] * 10_000)),
        case("fragments 200", "ok", "reason", lambda: ".".join(["C"] * 200)),
        case("sodium 50 000", "hang", "reason", lambda: ".".join(["[Na+]"] * 50_000)),
        case("nested branches 1 000 000", "gigabytes", "reason", lambda: "C(" * 1_000_000 + "C" + ")" * 1_000_000),
        case("nested branches 150", "hang", "value", lambda: "C(" * 150 + "C" + ")" * 150),
        case("open branches 1 000 000", "none", "reason", lambda: "(" * 1_000_000),
        case("open brackets 1 000 000", "none", "reason", lambda: "[" * 1_000_000),
        case("open branches 1 999", "none", "reason", lambda: "C(" * 999),
        case("branches on one atom", "hang", "reason", lambda: "C" + "(C)" * 200_000),
        case("hydrogens 2 000", "none", "reason", lambda: "C" + "[H]" * 2_000),
        case("hydrogens 480", "ok", "reason", lambda: ".".join(["[H]"] * 480)),
        case("sixty stereo centres", "hang", "value", lambda: "C" + "C(F)(Cl)" * 60),
        case("isotope of 1 000 digits", "none", "reason", lambda: "[" + "9" * 1_000 + "C]"),
        case("map number of 1 000 digits", "none", "reason", lambda: "[CH3:" + "9" * 1_000 + "]"),
        case("spaces 1 000 000", "none", "reason", lambda: " " * 1_000_000),
        case("megabyte of text", "none", "reason", lambda: "lorem ipsum " * 90_000),
    ]


def macrocycle(atoms: int) -> str:
    """One ring of carbons."""
    return "C1" + "C" * (atoms - 2) + "C1"


def polypeptide(side_chain: str, residues: int) -> str:
    """A peptide of one amino acid."""
    return f"N[C@@H]({side_chain})C(=O)" * residues + "O"


def dendrimer(generations: int) -> str:
    """A binary tree of carbons, 2 ** ``generations`` - 1 atoms."""
    return "C" if generations == 1 else f"C({dendrimer(generations - 1)}){dendrimer(generations - 1)}"


def ladder(rungs: int) -> str:
    """Cyclobutanes side by side: two chains, each atom bonded to its opposite."""
    numbers = range(1, rungs)
    up = "".join(f"C%({number})" for number in numbers)
    down = "".join(f"C%({number})" for number in reversed(numbers))
    return f"{up}CC{down}"


def random_rings(atoms: int, seed: int = 1) -> str:
    """A chain whose atoms are joined at random until nearly all have four bonds: as many rings as atoms."""
    ends = [atom for atom in range(atoms) for _ in range(2)]
    random.Random(seed).shuffle(ends)
    joined = {(min(pair), max(pair)) for pair in zip(ends[::2], ends[1::2], strict=True)}
    closures: list[list[str]] = [[] for _ in range(atoms)]
    for ring, (one, other) in enumerate(sorted(joined), start=1):
        if other - one > 1:  # neighbours in the chain are bonded already
            closures[one].append(f"%({ring})")
            closures[other].append(f"%({ring})")
    return "".join("C" + "".join(rings) for rings in closures)
