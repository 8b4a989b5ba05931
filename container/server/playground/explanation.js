// What atoms and columns add to a prediction, as colours with their legend and as numbers.
import { element, rounded, scrolling } from "./elements.js";
import { isMissing } from "./csv.js";

const HEAVY_ATOM = /\[[^\]]*\]|Br|Cl|[BCNOFPSIbcnops]/g;
const SYMBOL = /^\[?\d*([A-Z][a-z]?|[a-z]{1,2})/;
const LARGEST = 10;

/** Legend and numbers of one row; null where the answer explains nothing. */
export function explanation(row) {
  const parts = [atomWeights(row), columnContributions(row)].filter((part) => part !== null);
  return parts.length ? element("div", {}, ...parts) : null;
}

function atomWeights(row) {
  if (isMissing(row.explain_atom_weights)) return null;
  const weights = JSON.parse(row.explain_atom_weights);
  const most = Math.max(...weights.map(Math.abs), 0);
  const symbols = symbolsOf(row.smiles_used ?? "");
  const known = symbols.length === weights.length;
  const lines = weights.map((weight, at) =>
    element(
      "tr",
      {},
      element("td", {}, known ? `${symbols[at]} ${at + 1}` : String(at + 1)),
      element("td", { class: "number" }, signed(weight)),
    ),
  );
  return element(
    "div",
    {},
    element(
      "p",
      { class: "scale" },
      element("span", {}, `lowers (blue) −${rounded(most)}`),
      element("span", { class: "colours", "aria-hidden": "true" }),
      element("span", {}, `+${rounded(most)} raises (red)`),
    ),
    numbers("What each atom adds, as numbers", ["atom of smiles_used", "adds"], lines),
  );
}

function symbolsOf(smiles) {
  const atoms = smiles.match(HEAVY_ATOM) ?? [];
  return atoms.map((atom) => SYMBOL.exec(atom)?.[1] ?? "?").filter((symbol) => symbol !== "H");
}

function columnContributions(row) {
  const skipped = new Set(["explain_base", "explain_atom_weights", "explain_svg"]);
  const found = Object.entries(row)
    .filter(([name, cell]) => name.startsWith("explain_") && !skipped.has(name) && !isMissing(cell))
    .map(([name, cell]) => [name.slice("explain_".length), Number(cell)])
    .filter(([, number]) => Number.isFinite(number) && number !== 0)
    .sort((one, other) => Math.abs(other[1]) - Math.abs(one[1]));
  if (!found.length) return null;
  const lines = found
    .slice(0, LARGEST)
    .map(([name, number]) => element("tr", {}, element("td", {}, name), element("td", { class: "number" }, signed(number))));
  return numbers(`What the ${lines.length} weightiest columns add`, ["column", "adds"], lines);
}

function numbers(title, names, lines) {
  const head = element("tr", {}, ...names.map((name) => element("th", { scope: "col" }, name)));
  const table = element("table", {}, element("thead", {}, head), element("tbody", {}, ...lines));
  return element("details", {}, element("summary", {}, title), scrolling(title, table));
}

function signed(number) {
  return number > 0 ? `+${rounded(number)}` : rounded(number);
}
