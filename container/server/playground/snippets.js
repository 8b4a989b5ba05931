// The request that the page has sent, for a shell and for Python.
import { element } from "./elements.js";
import { headersOf } from "./server.js";

const MOST_CHARACTERS = 4000;
const FILE = "compounds.csv";
const NEXT_LINE = " \\\n  ";

/**
 * The texts, with a title each.
 *
 * asked: { rows: cells by row, the header first, or null for a file; name: of the file; body: CSV text or file;
 * options }; endpoint: its name; card: the model's.
 */
export function snippets(asked, endpoint, card) {
  const small = asked.rows !== null && asked.body.length <= MOST_CHARACTERS;
  const file = asked.name ?? FILE;
  return [
    { title: "Shell", text: curl(asked, small, file) },
    { title: "Python, where this endpoint is deployed", text: client(asked, small, file, endpoint, card) },
    { title: "Python without any library, to this server", text: plainPython(asked, small, file) },
  ];
}

/** One text with a button that copies it. */
export function snippetPart({ title, text }, tell) {
  const button = element("button", { type: "button" }, "Copy");
  button.setAttribute("aria-label", `Copy: ${title}`);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    tell(`Copied: ${title}.`);
  });
  const head = element("div", { class: "head" }, element("h3", {}, title), button);
  return element("div", { class: "snippet" }, head, element("pre", { tabindex: 0, "aria-label": title, role: "group" }, text));
}

function address() {
  return new URL("invocations", document.baseURI).href;
}

function curl(asked, small, file) {
  const headers = Object.entries(headersOf(asked.options)).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  if (!small) return ["curl", ...headers, `--data-binary @${quoted(file)}`, address()].join(NEXT_LINE);
  const lines = asked.body.trimEnd().split("\n").map(quoted).join(" ");
  return [`printf '%s\\n' ${lines}`, "| curl", ...headers, "--data-binary @-", address()].join(NEXT_LINE);
}

function quoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function client(asked, small, file, endpoint, card) {
  const options = asked.options.map((option) => `, ${option}=True`).join("");
  const rows = small ? pythonRows(asked.rows, card) : { before: "", value: JSON.stringify(file) };
  return (
    `${rows.before}from chem_endpoints import Endpoint\n\n` +
    `end = Endpoint(${JSON.stringify(endpoint)})  # or Endpoint.local("model.tar.gz"): the bundle on this machine\n` +
    `out = end.inference(${rows.value}${options})`
  );
}

function pythonRows([header, ...rows], card) {
  if (header.length === 1 && header[0].toLowerCase() === "smiles") {
    return { before: "", value: JSON.stringify(rows.map(([text]) => text)) };
  }
  const texts = new Set(card.features.filter((feature) => feature.dtype === "text").map((feature) => feature.name));
  const columns = header.map(
    (name, at) => `${JSON.stringify(name)}: [${rows.map((row) => literal(row[at], texts.has(name))).join(", ")}]`,
  );
  return { before: "import pandas as pd\n", value: `pd.DataFrame({${columns.join(", ")}})` };
}

const PYTHON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i;

/** A cell in Python, digit by digit as it stands; what Python would read as another number stays a text. */
function literal(cell, isText) {
  if (cell === "") return "None";
  return !isText && PYTHON_NUMBER.test(cell) ? cell : JSON.stringify(cell);
}

function plainPython(asked, small, file) {
  const body = small ? `${JSON.stringify(asked.body)}.encode()` : `open(${JSON.stringify(file)}, "rb").read()`;
  const headers = Object.entries(headersOf(asked.options)).map((pair) => pair.map((text) => JSON.stringify(text)).join(": "));
  return (
    "from urllib.request import Request, urlopen\n\n" +
    `body = ${body}\n` +
    `headers = {${headers.join(", ")}}\n` +
    `request = Request(${JSON.stringify(address())}, data=body, headers=headers)\n` +
    "print(urlopen(request).read().decode())"
  );
}
