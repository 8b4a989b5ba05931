// The first rows of a file as a table: what names a row, its answer, then the caller's other columns.
import { element, rounded, scrolling, shortened } from "./elements.js";
import { isMissing } from "./csv.js";
import { predictedTargets, structureColumn } from "./card.js";
import { domain } from "./cards.js";
import { boundsOf } from "./interval.js";

const OWN_COLUMNS = 6;
const FEATURES = 6;

/** The table of these rows. */
export function answerTable(card, header, rows) {
  const structure = structureColumn(card);
  const outputs = new Set([...(card.outputs ?? []).map((output) => output.name), "prediction_error"]);
  const own = header.filter((name) => !outputs.has(name)).slice(0, OWN_COLUMNS);
  const answers = answerColumns(card);
  const failed = rows.some((row) => row.prediction_error);
  const columns = [...own.slice(0, 1).map(ownColumn), ...answers, ...(failed ? [ERRORS] : []), ...own.slice(1).map(ownColumn)];
  const head = ["row", ...(structure ? ["drawing"] : []), ...columns.map((column) => column.title)];
  const lines = rows.map((row, at) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, String(at + 1)),
      structure ? element("td", { "data-row": at + 1 }) : null,
      ...columns.map((column) => column.cell(row)),
    ),
  );
  const titles = element("tr", {}, ...head.map((title) => element("th", { scope: "col" }, title)));
  const table = element("table", {}, element("thead", {}, titles), element("tbody", {}, ...lines));
  return scrolling("The first rows with their answers", table, true);
}

const ERRORS = { title: "prediction_error", cell: (row) => element("td", { class: "error" }, row.prediction_error) };

function ownColumn(name) {
  return { title: name, cell: (row) => element("td", { class: "own" }, shortened(row[name])) };
}

function answerColumns(card) {
  const targets = predictedTargets(card);
  if (!targets.length) return (card.outputs ?? []).slice(0, FEATURES).map((output) => plain(output.name, output.name));
  const found = targets.flatMap((target) => [
    plain(target.unit ? `${target.prediction} (${target.unit})` : target.prediction, target.prediction),
    ...(target.bounds[90] ? [{ title: "90 % interval", cell: (row) => number(interval(target, row)) }] : []),
  ]);
  const names = new Set(card.outputs.map((output) => output.name));
  if (names.has("in_domain")) found.push({ title: "domain", cell: (row) => element("td", {}, domain(row)) });
  return found;
}

function plain(title, column) {
  const value = (row) => (isMissing(row[column]) ? "" : rounded(row[column]));
  return {
    title,
    cell: (row) => {
      const cell = number(value(row));
      cell.dataset.column = column;
      cell.dataset.value = row[column];
      return cell;
    },
  };
}

function interval(target, row) {
  const bounds = boundsOf(target, row, 90);
  return bounds ? `${rounded(bounds[0])} to ${rounded(bounds[1])}` : "";
}

function number(text) {
  return element("td", { class: "number" }, shortened(text));
}
