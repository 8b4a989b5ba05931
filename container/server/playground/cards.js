// One row as a card: the drawing, what is predicted of it and how far to trust that.
import { element, opening, picture, rounded, scrolling, shortened } from "./elements.js";
import { isMissing } from "./csv.js";
import { predictedTargets, structureColumn } from "./card.js";
import { axisOf, boundsOf, intervalBar } from "./interval.js";
import { explanation } from "./explanation.js";

const FIRST_COLUMNS = 12;

/** Cards of the rows, in their order. */
export function cards(card, rows) {
  const targets = predictedTargets(card);
  const axes = new Map(targets.map((target) => [target, axisOf(target, rows)]));
  return rows.map((row, at) => answerCard(card, targets, axes, row, at + 1));
}

function answerCard(card, targets, axes, row, number) {
  const structure = structureColumn(card);
  const sent = structure === null ? null : row[structure];
  const title = element("h3", { id: `row-${number}` }, `Row ${number} `);
  if (sent) title.append(element("code", {}, shortened(sent)));
  const told = element("div", {});
  if (row.prediction_error) {
    told.append(noPrediction(row.prediction_error));
  } else {
    told.append(...targets.map((target) => targetPart(target, row, axes.get(target), targets.length > 1)));
    told.append(...[facts(card, row), explanation(row), columnsPart(card, row)].filter((part) => part !== null));
  }
  const drawn = structure === null ? null : figure(row, number);
  return element(
    "article",
    { class: drawn ? "answer" : "answer plain", "aria-labelledby": `row-${number}` },
    title,
    drawn,
    told,
  );
}

/** Why a row has no prediction. */
export function noPrediction(reason) {
  return element("p", { class: "reason" }, element("strong", {}, "No prediction. "), reason);
}

function figure(row, number) {
  const made = element("figure", { class: "picture", "data-row": number });
  if (!isMissing(row.explain_svg)) {
    made.append(picture(row.explain_svg, `Structure of row ${number}, each atom coloured by what it adds`));
  }
  return made;
}

function targetPart(target, row, axis, several) {
  const shown = element("p", { class: "value", "data-column": target.prediction, "data-value": row[target.prediction] });
  shown.append(target.chances.length ? row[target.prediction] : rounded(row[target.prediction]));
  if (target.unit) shown.append(element("span", { class: "unit" }, ` ${target.unit}`));
  const measured = several || isMissing(row.nn_value) ? undefined : Number(row.nn_value);
  const bounds = boundsOf(target, row, 90);
  const lines = [
    ["90 % interval", bounds && `${rounded(bounds[0])} to ${rounded(bounds[1])}`],
    ["Standard deviation", rounded(row[target.std] ?? "")],
    ["Confidence, 0 to 1", rounded(row[target.confidence] ?? "")],
  ];
  return element(
    "div",
    { class: "target" },
    several ? element("h4", {}, target.name) : null,
    shown,
    chanceBars(target, row),
    intervalBar(target, row, axis, measured),
    list(lines),
  );
}

function chanceBars(target, row) {
  if (!target.chances.length) return null;
  const lines = target.chances.flatMap(({ label, column }) => {
    const share = element("div", { class: "share" });
    share.style.width = `${100 * Number(row[column])}%`;
    return [
      element("span", {}, label),
      element("div", { class: "track", "aria-hidden": "true" }, share),
      element("span", {}, rounded(row[column])),
    ];
  });
  return element("div", { class: "chances", role: "group", "aria-label": `Chances of ${target.name}` }, ...lines);
}

function facts(card, row) {
  const unit = (card.outputs ?? []).find((output) => output.name === "nn_value")?.unit;
  const measured = isMissing(row.nn_value) ? null : `measured ${rounded(row.nn_value)}${unit ? ` ${unit}` : ""}`;
  const likeness = !isMissing(row.nn_similarity)
    ? `similarity ${rounded(row.nn_similarity)} (0 to 1)`
    : !isMissing(row.nn_distance)
      ? `distance ${rounded(row.nn_distance)}`
      : null;
  const nearest = [isMissing(row.nn_id) ? null : row.nn_id, likeness, measured].filter((part) => part !== null);
  const structure = structureColumn(card);
  return list([
    ["Applicability domain", domain(row)],
    ["Nearest training compound", nearest.join(", ")],
    ["Trained on this one", row.in_training === "true" ? "yes; the nearest one is another" : null],
    ["Structure used", structure !== null && row.smiles_used !== row[structure] ? row.smiles_used : null],
    ["Counterions removed", row.salt],
    ["Open stereocentres", row.undefined_chiral_centers === "0" ? null : row.undefined_chiral_centers],
  ]);
}

/** Whether a row lies in the domain, in words; null: the model does not say. */
export function domain(row) {
  if (isMissing(row.in_domain)) return null;
  return row.in_domain === "true"
    ? element("span", { class: "inside" }, "inside")
    : element("span", { class: "outside" }, "outside: unlike what the model was trained on");
}

function list(lines) {
  const shown = lines.filter(([, value]) => value instanceof Node || (typeof value === "string" && !isMissing(value)));
  if (!shown.length) return null;
  return element(
    "dl",
    {},
    ...shown.flatMap(([name, value]) => [
      element("dt", {}, name),
      element("dd", {}, typeof value === "string" ? shortened(value, 400) : value),
    ]),
  );
}

/** Every column of the answer, exactly as the server wrote it; of computed features the first stand open. */
function columnsPart(card, row) {
  const added = (card.outputs ?? []).map((output) => output.name);
  const names = added.length ? Object.keys(row).filter((name) => added.includes(name) || isAsked(card, name)) : Object.keys(row);
  const all = opening(`All ${names.length} columns as the server wrote them`, () =>
    scrolling("All columns of this row", columnsTable(card, row, names)),
  );
  if ((card.targets ?? []).length) return all;
  return element("div", {}, columnsTable(card, row, names.slice(0, FIRST_COLUMNS)), names.length > FIRST_COLUMNS ? all : null);
}

function isAsked(card, name) {
  return Object.values(card.on_request ?? {}).some((outputs) => outputs.some((output) => output.name === name));
}

function columnsTable(card, row, names) {
  const declared = [...(card.outputs ?? []), ...Object.values(card.on_request ?? {}).flat()];
  const units = new Map(declared.map((output) => [output.name, output.unit]));
  const lines = names.map((name) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, name),
      element("td", { "data-column": name }, shortened(row[name], 2000)),
      element("td", {}, units.get(name) ?? ""),
    ),
  );
  const head = element("tr", {}, ...["column", "value", "unit"].map((title) => element("th", { scope: "col" }, title)));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...lines));
}
