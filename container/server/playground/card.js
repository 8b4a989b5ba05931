// What the model card says, in the terms of the page.

const BOUNDS = { 90: ["q_05", "q_95"], 50: ["q_25", "q_75"] };

/** The name of the column that holds structures, as the model writes it; null: it reads none. */
export function structureColumn(card) {
  return card.features.find((feature) => feature.name.toLowerCase() === "smiles")?.name ?? null;
}

/** What is to be filled in beside the structure. */
export function otherFeatures(card) {
  return card.features.filter((feature) => feature.name !== structureColumn(card));
}

/** One sentence: what the model predicts or computes. */
export function purpose(card) {
  const targets = (card.targets ?? []).map((target) => (target.unit ? `${target.name} in ${target.unit}` : target.name));
  if (targets.length) {
    const described = card.targets.length === 1 && card.targets[0].description ? `: ${card.targets[0].description}` : "";
    return `Predicts ${targets.join(", ")}${described}.`;
  }
  if (!card.outputs) return "This model came without a manifest: its columns are known to its own script.";
  return `Computes ${card.outputs.length} columns (${card.framework}).`;
}

/** The predicted targets, each with the names of its columns. */
export function predictedTargets(card) {
  const names = new Set((card.outputs ?? []).map((output) => output.name));
  const found = [];
  for (const target of card.targets ?? []) {
    const bare = card.targets.length === 1 && names.has("prediction");
    const prefix = bare ? "" : `${target.name}_`;
    const prediction = bare ? "prediction" : `${prefix}pred`;
    if (!names.has(prediction)) continue;
    found.push({
      name: target.name,
      unit: card.outputs.find((output) => output.name === prediction).unit ?? "",
      prediction,
      std: `${prediction}_std`,
      confidence: `${prefix}confidence`,
      chances: chancesOf(card, prefix, names),
      bounds: Object.fromEntries(
        Object.entries(BOUNDS)
          .map(([coverage, pair]) => [coverage, pair.map((name) => prefix + name)])
          .filter(([, pair]) => pair.every((name) => names.has(name))),
      ),
    });
  }
  return found;
}

function chancesOf(card, prefix, names) {
  if (card.classes?.length) return card.classes.map((label) => ({ label, column: `${label}_proba` }));
  return names.has(`${prefix}proba`) ? [{ label: "chance of 1", column: `${prefix}proba` }] : [];
}
