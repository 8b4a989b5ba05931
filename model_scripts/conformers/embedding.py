"""First geometries by distance geometry: ETKDGv3 (Wang et al. 2020, doi 10.1021/acs.jcim.0c00025).

Embedding goes in chunks, and finished chunks are kept. Conformer ``i`` starts from seed ``SEED + i`` whatever the
chunks, so that neither their size nor an early stop changes a geometry. Limits are counts, never seconds: the
``timeout`` of RDKit throws finished conformers away and makes the answer depend on what else the machine does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rdkit import Chem
from rdkit.Chem import rdDistGeom

from chem_endpoints.wire.columns import Reason
from model_scripts.conformers.failure import NoEnsembleError

SEED = 42
CHUNK = 10
"""Conformers per call."""
PROBE = 2
"""Conformers by which the tier is chosen."""
ATTEMPTS = 10
"""Starts that one conformer has. RDKit's own default is ten per atom, minutes for a structure that has no geometry."""


@dataclass(frozen=True, kw_only=True)
class Tier:
    """One way to embed.

    Attributes:
        name: for ``desc3d_embed_tier``.
        random_coordinates: starts from random coordinates instead of random distances.
        knowledge: applies torsion preferences and flat rings as known from crystals.
    """

    name: str
    random_coordinates: bool
    knowledge: bool


TIERS = (
    Tier(name="standard", random_coordinates=False, knowledge=True),
    Tier(name="random_coordinates", random_coordinates=True, knowledge=True),
    Tier(name="without_knowledge", random_coordinates=True, knowledge=False),
)
"""In the order in which they are tried."""


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Some of the conformers.

    Attributes:
        molecule: with those that could be embedded.
        tier: by which.
        tried: conformers that were tried so far, in all chunks.
    """

    molecule: Chem.Mol
    tier: Tier
    tried: int


def chunks(molecule: Chem.Mol, count: int) -> Iterator[Chunk]:
    """Conformers 0 to ``count``, bit by bit; a chunk of which less than half could be embedded changes the tier.

    Args:
        molecule: with explicit hydrogens.
        count: conformers wanted in all.

    Raises:
        NoEnsembleError: ``skip:embed``; no tier finds a geometry.
    """
    tier, first = first_conformers(molecule, count)
    tried = min(PROBE, count)
    yield Chunk(molecule=first, tier=tier, tried=tried)
    while tried < count:
        wanted = min(CHUNK, count - tried)
        following = embed(molecule, tier, start=tried, count=wanted)
        tried += wanted
        yield Chunk(molecule=following, tier=tier, tried=tried)
        tier = _tier_after(tier, wanted=wanted, found=following.GetNumConformers())


def first_conformers(molecule: Chem.Mol, count: int) -> tuple[Tier, Chem.Mol]:
    """The tier to embed with, and the first conformers by it, at most `PROBE`.

    It is the first tier that embeds all of them, else the one that embeds most: the distances of large fused structures
    rarely fit together at random, where random coordinates find a geometry at each start.

    Args:
        molecule: with explicit hydrogens.
        count: conformers wanted in all.

    Raises:
        NoEnsembleError: ``skip:embed``; no tier finds a geometry.
    """
    wanted = min(PROBE, count)
    found: list[tuple[Tier, Chem.Mol]] = []
    for tier in TIERS:
        found.append((tier, embed(molecule, tier, start=0, count=wanted)))
        if found[-1][1].GetNumConformers() == wanted:
            return found[-1]
    best = max(found, key=lambda pair: pair[1].GetNumConformers())
    if not best[1].GetNumConformers():
        raise NoEnsembleError(
            Reason.PREDICTION_FAILED, "no geometry fits this structure; check its stereochemistry", status="skip:embed"
        )
    return best


def _tier_after(tier: Tier, *, wanted: int, found: int) -> Tier:
    following = TIERS.index(tier) + 1
    return TIERS[following] if 2 * found < wanted and following < len(TIERS) else tier


def embed(molecule: Chem.Mol, tier: Tier, *, start: int, count: int) -> Chem.Mol:
    """A copy of the molecule with conformers ``start`` to ``start + count``, less those that could not be embedded."""
    embedded = Chem.Mol(molecule)
    rdDistGeom.EmbedMultipleConfs(embedded, count, _parameters(tier, SEED + start))
    return embedded


def _parameters(tier: Tier, seed: int) -> "rdDistGeom.EmbedParameters":
    parameters = rdDistGeom.ETKDGv3()
    parameters.randomSeed = seed
    parameters.enableSequentialRandomSeeds = True  # else each call starts from multiples of its seed
    parameters.numThreads = 1
    parameters.maxIterations = ATTEMPTS
    parameters.pruneRmsThresh = -1.0  # pruning before minimisation deletes real conformers
    parameters.useRandomCoords = tier.random_coordinates
    parameters.useBasicKnowledge = tier.knowledge
    parameters.useExpTorsionAnglePrefs = tier.knowledge
    return parameters
