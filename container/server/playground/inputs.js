// The form, as the model's card asks for it.
import { element } from "./elements.js";
import { otherFeatures, structureColumn } from "./card.js";

const EXAMPLES = {
  Ethanol: "CCO",
  Aspirin: "CC(=O)Oc1ccccc1C(=O)O",
  Caffeine: "Cn1cnc2c1c(=O)n(C)c(=O)n2C",
  "Sodium benzoate, a salt": "[Na+].[O-]C(=O)c1ccccc1",
  "A typing error": "C1CC(",
};

const MOST_FIELDS = 40;

const OPTION_LABELS = {
  explain: "Explain each prediction: what atoms and columns add (takes longer)",
  conformers: "Add the conformers as SDF (takes longer)",
};

/**
 * Fills the form; returns what reads it: a function that gives rows of cells, the header first.
 * null: the model is asked with files only.
 */
export function buildFields(card, place) {
  const structure = structureColumn(card);
  const others = otherFeatures(card);
  if (structure !== null && others.every((feature) => feature.missing === "allow")) return smilesBox(structure, place);
  if (!card.outputs || card.features.length > MOST_FIELDS) return null;
  return oneRow(card.features, place);
}

function smilesBox(structure, place) {
  const box = element("textarea", {
    id: "smiles",
    rows: 4,
    spellcheck: "false",
    autocomplete: "off",
    autocapitalize: "off",
    "aria-describedby": "smiles-hint",
  });
  const examples = Object.entries(EXAMPLES).map(([name, smiles]) => {
    const button = element("button", { type: "button" }, name);
    button.addEventListener("click", () => {
      box.value = box.value.trim() === "" ? smiles : `${box.value.trimEnd()}\n${smiles}`;
      box.focus();
    });
    return button;
  });
  place.append(
    element("label", { for: "smiles" }, "SMILES, one compound per line"),
    box,
    element("p", { id: "smiles-hint", class: "hint" }, "Ctrl+Enter predicts, too."),
    element("div", { class: "examples", role: "group", "aria-label": "Add an example" }, element("span", { class: "hint" }, "Add:"), ...examples),
  );
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) box.form.requestSubmit();
  });
  return () => [[structure], ...linesOf(box.value).map((line) => [line])];
}

function linesOf(text) {
  return text.split(/\r\n|\n|\r/).filter((line) => line.trim() !== "");
}

function oneRow(features, place) {
  const fields = features.map((feature, at) => field(feature, `feature-${at}`));
  place.append(
    element("p", { class: "hint" }, "One row; fields that may stay empty say so."),
    element("div", { class: "grid" }, ...fields.map(({ part }) => part)),
  );
  return () => [features.map((feature) => feature.name), fields.map(({ input }) => input.value.trim())];
}

function field(feature, id) {
  const input = choices(feature)
    ? element("select", { id }, ...choices(feature).map((text) => element("option", { value: text }, text || "(empty)")))
    : element("input", { id, type: "text", inputmode: feature.dtype === "text" ? "text" : "decimal", autocomplete: "off", spellcheck: "false" });
  const said = [feature.description, feature.missing === "allow" ? "may stay empty" : ""].filter((text) => text).join("; ");
  const label = element("label", { for: id }, feature.name);
  if (feature.unit) label.append(element("span", { class: "unit" }, ` ${feature.unit}`));
  const part = element("div", {}, label, input);
  if (said) {
    input.setAttribute("aria-describedby", `${id}-hint`);
    part.append(element("span", { id: `${id}-hint`, class: "hint" }, said));
  }
  return { part, input };
}

function choices(feature) {
  const texts = feature.categories ?? (feature.dtype === "boolean" ? ["true", "false"] : null);
  return texts && feature.missing === "allow" ? ["", ...texts] : texts;
}

/** Switches for what the model adds on request; returns what reads them: the options that are on. */
export function buildOptions(card, place) {
  const boxes = Object.keys(card.on_request ?? {}).map((option) => {
    const box = element("input", { type: "checkbox", id: `option-${option}`, name: option });
    place.append(element("label", { for: `option-${option}` }, box, OPTION_LABELS[option] ?? option));
    return box;
  });
  return () => boxes.filter((box) => box.checked).map((box) => box.name);
}
