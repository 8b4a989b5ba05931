// A prediction with its intervals as a bar; all bars of a target have the same axis, so that they can be compared.
import { element, rounded, shape } from "./elements.js";
import { isMissing } from "./csv.js";

/** The axis of a target: from the lowest to the highest bound of the rows that are shown; null: there is none. */
export function axisOf(target, rows) {
  if (!target.bounds[90]) return null;
  const columns = [target.prediction, ...Object.values(target.bounds).flat()];
  const numbers = rows
    .filter((row) => !row.prediction_error)
    .flatMap((row) => columns.map((column) => row[column]))
    .filter((cell) => !isMissing(cell))
    .map(Number)
    .filter(Number.isFinite);
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return low < high ? { low, high } : null;
}

/** The bar of one row; null where the row has no interval. */
export function intervalBar(target, row, axis, measured) {
  const [low, high] = boundsOf(target, row, 90) ?? [];
  if (axis === null || low === undefined) return null;
  const place = (cell) => `${((100 * (Number(cell) - axis.low)) / (axis.high - axis.low)).toFixed(2)}%`;
  const width = (from, to) => `${((100 * (to - from)) / (axis.high - axis.low)).toFixed(2)}%`;
  const band = (coverage, name) => {
    const found = boundsOf(target, row, coverage);
    if (!found) return null;
    return shape("rect", { class: name, x: place(found[0]), y: 6, width: width(found[0], found[1]), height: 12, rx: 2 });
  };
  const near = measured !== undefined && measured >= axis.low && measured <= axis.high;
  const said = `Prediction ${rounded(row[target.prediction])}, 90 % interval ${rounded(low)} to ${rounded(high)}`;
  return element(
    "div",
    {},
    shape(
      "svg",
      { class: "interval", role: "img", "aria-label": near ? `${said}; nearest training compound ${rounded(measured)}` : said },
      shape("line", { class: "axis", x1: "0%", x2: "100%", y1: 12, y2: 12 }),
      band(90, "wide"),
      band(50, "narrow"),
      near ? shape("circle", { class: "near", cx: place(measured), cy: 12, r: 5 }) : null,
      shape("rect", { class: "point", x: place(row[target.prediction]), y: 1, width: 3, height: 22, transform: "translate(-1.5 0)" }),
    ),
    element("div", { class: "ends" }, element("span", {}, rounded(axis.low)), element("span", {}, rounded(axis.high))),
  );
}

/** The bounds of an interval; null where the row has none. */
export function boundsOf(target, row, coverage) {
  const cells = target.bounds[coverage]?.map((column) => row[column]);
  return cells && !cells.some(isMissing) ? cells.map(Number) : null;
}

/** What the marks of the bars mean. */
export function intervalLegend() {
  return element(
    "p",
    { class: "hint" },
    "Bars: the upright line is the prediction, the pale band the 90 % interval, the dark band the 50 % interval, the ring " +
      "the measured value of the nearest training compound. The ends are the lowest and the highest bound of the rows shown.",
  );
}
