// What the page asks its own server; every address is relative to the page.
import { parseCsv, writeCsv } from "./csv.js";

export const OPTIONS_HEADER = "X-Amzn-SageMaker-Custom-Attributes";

/** A request that got no rows; its message says why. */
export class Refused extends Error {}

async function asked(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The server does not answer. Is it still running?");
  }
}

/** The JSON of a path. */
export async function read(path) {
  const response = await asked(path);
  if (!response.ok) throw new Refused(await told(response));
  return response.json();
}

/** Headers of a request with these options. */
export function headersOf(options) {
  const headers = { "Content-Type": "text/csv", Accept: "text/csv" };
  if (options.length) headers[OPTIONS_HEADER] = options.map((option) => `${option}=true`).join(";");
  return headers;
}

/** The answer to a body of CSV: its text, its header and its rows. */
export async function predict(body, options, signal) {
  const response = await asked("invocations", { method: "POST", headers: headersOf(options), body, signal });
  if (!response.ok) throw new Refused(await told(response));
  return readAnswer(await response.text());
}

/** A drawing (SVG text) or a reason for each SMILES. */
export async function draw(smiles, signal) {
  const body = writeCsv([["smiles"], ...smiles.map((text) => [text])]);
  const response = await asked("drawings", { method: "POST", headers: headersOf([]), body, signal });
  if (!response.ok) throw new Refused(await told(response));
  const answer = readAnswer(await response.text());
  return answer.rows.map((row) => ({ svg: row.drawing, reason: row.prediction_error }));
}

function readAnswer(text) {
  const [header, ...lines] = parseCsv(text);
  return { text, header, rows: lines.map((cells) => Object.fromEntries(header.map((name, at) => [name, cells[at]]))) };
}

async function told(response) {
  const text = await response.text();
  let error = {};
  try {
    error = JSON.parse(text);
  } catch {
    // a proxy in between may answer with a page
  }
  const message = error.OriginalMessage ?? error.message ?? error.Message ?? response.statusText;
  return `${response.status} ${error.code ?? ""}: ${message}`.replace(" :", ":");
}
