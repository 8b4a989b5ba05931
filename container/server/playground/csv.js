// CSV as the server writes and reads it: commas, double quotes, lines that end with a line feed.

/** The cells of a text, row by row. */
export function parseCsv(text) {
  const rows = [];
  let row = [];
  let at = 0;
  while (at < text.length) {
    const cell = text[at] === '"' ? quotedCell(text, at) : bareCell(text, at);
    row.push(cell.value);
    at = cell.end;
    if (text[at] === ",") {
      at += 1;
      if (at < text.length) continue;
      row.push("");
    }
    if (text[at] === "\r") at += 1;
    at += 1;
    rows.push(row);
    row = [];
  }
  return rows;
}

function quotedCell(text, start) {
  let value = "";
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return { value: value + text.slice(at), end: text.length };
    value += text.slice(at, quote);
    if (text[quote + 1] !== '"') return { value, end: quote + 1 };
    value += '"';
    at = quote + 2;
  }
}

function bareCell(text, start) {
  let end = start;
  while (end < text.length && text[end] !== "," && text[end] !== "\n" && text[end] !== "\r") end += 1;
  return { value: text.slice(start, end), end };
}

/** Rows of cells as CSV. */
export function writeCsv(rows) {
  return rows.map((row) => row.map(writtenCell).join(",") + "\n").join("");
}

function writtenCell(cell) {
  // An empty line would be no row at all.
  return cell === "" || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

const MISSING = new Set(["", "N/A", "__NA__"]);

/** Whether a cell of an answer says that there is no value. */
export function isMissing(cell) {
  return cell === undefined || MISSING.has(cell);
}
