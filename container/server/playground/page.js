// The page: reads the model card, builds itself, asks, shows.
import { predictedTargets, purpose, structureColumn } from "./card.js";
import { cards } from "./cards.js";
import { writeCsv } from "./csv.js";
import { element, picture } from "./elements.js";
import { buildFields, buildOptions } from "./inputs.js";
import { axisOf, intervalLegend } from "./interval.js";
import { draw, predict, read } from "./server.js";
import { snippetPart, snippets } from "./snippets.js";
import { answerTable } from "./table.js";

const MOST_SHOWN = 20;

const part = (id) => document.getElementById(id);

let asking = null; // what stops the request under way

async function start() {
  const [card, health] = await Promise.all([read("model"), read("health")]);
  document.title = `${health.endpoint}: playground`;
  part("name").textContent = health.endpoint;
  part("purpose").textContent = purpose(card);
  part("digest").textContent = card.model_sha256;
  const page = { card, endpoint: health.endpoint, most: health.max_body_bytes };
  const rows = buildFields(card, part("fields"));
  const options = buildOptions(card, part("options"));
  part("ask").hidden = false;
  part("ask").querySelector("button.primary").hidden = rows === null;
  part("ask").addEventListener("submit", (event) => {
    event.preventDefault();
    askRows(page, rows(), options());
  });
  buildDrop(page, options);
}

function askRows(page, rows, options) {
  if (rows.length === 1) {
    tell("Nothing to predict: the box is empty.");
    return;
  }
  ask(page, { rows, name: null, body: writeCsv(rows), options });
}

function buildDrop(page, options) {
  const drop = part("drop");
  const columns = page.card.features.map((feature) => feature.name);
  const named = columns.length > 8 ? `${columns.slice(0, 8).join(", ")} and ${columns.length - 8} more` : columns.join(", ");
  part("file-hint").textContent =
    `At most ${Math.floor(page.most / 1e6)} MB, with a header line. The model reads: ${named}. ` +
    `The first ${MOST_SHOWN} rows are shown, all can be downloaded.`;
  drop.hidden = false;
  const send = (file) => {
    if (file.size > page.most) complain(`${file.name} is larger than ${Math.floor(page.most / 1e6)} MB. Send a part, or use the client.`);
    else ask(page, { rows: null, name: file.name, body: file, options: options() });
  };
  part("file").addEventListener("change", (event) => {
    if (event.target.files.length) send(event.target.files[0]);
    event.target.value = ""; // the same file may be chosen again, once it was mended
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files.length) send(event.dataTransfer.files[0]);
    });
  }
}

async function ask(page, asked) {
  asking?.abort();
  const mine = (asking = new AbortController());
  clear();
  tell("Predicting…");
  part("rows").setAttribute("aria-busy", "true");
  showSnippets(page, asked);
  try {
    const answer = await predict(asked.body, asked.options, mine.signal);
    show(page, asked, answer);
    await showDrawings(page, answer.rows.slice(0, MOST_SHOWN), mine.signal);
  } catch (error) {
    if (mine.signal.aborted) return;
    complain(error.message);
  } finally {
    if (asking === mine) part("rows").removeAttribute("aria-busy");
  }
}

function show(page, asked, answer) {
  const shown = answer.rows.slice(0, MOST_SHOWN);
  const bad = answer.rows.filter((row) => row.prediction_error).length;
  const rest = answer.rows.length > shown.length ? ` The first ${shown.length} are shown.` : "";
  tell(`${counted(answer.rows.length, "row")}: ${answer.rows.length - bad} answered, ${bad} with a reason instead.${rest}`);
  if (asked.rows === null) {
    part("rows").append(answerTable(page.card, answer.header, shown));
  } else {
    if (predictedTargets(page.card).some((target) => axisOf(target, shown))) part("legend").append(intervalLegend());
    part("rows").append(...cards(page.card, shown));
  }
  part("save").hidden = false;
  part("download").onclick = () => save(answer.text, asked.name);
}

function counted(number, name) {
  return number === 1 ? `1 ${name}` : `${number} ${name}s`;
}

/** Drawings come after the answers, by a request of their own; one that fails costs no prediction. */
async function showDrawings(page, rows, signal) {
  const structure = structureColumn(page.card);
  const places = [...part("rows").querySelectorAll("[data-row]")].filter((place) => place.childElementCount === 0);
  if (structure === null || !places.length) return;
  const own = Object.keys(rows[0]).find((name) => name === structure) ?? Object.keys(rows[0]).find((name) => name.toLowerCase() === "smiles");
  const wanted = places.map((place) => rows[Number(place.dataset.row) - 1]);
  const drawn = await draw(wanted.map((row) => row[own]), signal).catch((error) => places.map(() => ({ reason: error.message })));
  if (signal.aborted) return;
  drawn.forEach(({ svg, reason }, at) => {
    const place = places[at];
    if (!reason) place.append(picture(svg, `Structure of row ${place.dataset.row}`));
    else place.append(element(place.tagName === "FIGURE" ? "figcaption" : "span", {}, "No drawing."));
  });
}

function showSnippets(page, asked) {
  part("elsewhere").hidden = false;
  part("snippets").replaceChildren(...snippets(asked, page.endpoint, page.card).map((one) => snippetPart(one, tell)));
}

function save(text, name) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  element("a", { href: address, download: `${(name ?? "compounds.csv").replace(/\.csv$/i, "")}-predicted.csv` }).click();
  URL.revokeObjectURL(address);
}

function clear() {
  for (const id of ["rows", "legend"]) part(id).replaceChildren();
  part("save").hidden = part("problem").hidden = true;
}

function tell(text) {
  part("status").textContent = text;
}

function complain(text) {
  clear();
  tell("No answer.");
  part("problem").textContent = text;
  part("problem").hidden = false;
}

start().catch((error) => complain(`The model card cannot be read: ${error.message}`));
