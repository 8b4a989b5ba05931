// Asks for the state every second while the page is seen, and shows it; goes on by itself after an interruption.

import { element } from "./elements.js";
import { morph } from "./morph.js";
import { page } from "./page.js";
import { clockTime } from "./words.js";

const PAUSE_MILLISECONDS = 1000;
const PATIENCE_MILLISECONDS = 5000;

const main = document.getElementById("main");
const connection = document.getElementById("connection");
const said = document.getElementById("said");
let lostSince = null;
let shown = "";

// What the top of the page says of the connection.
function tell(words, tone) {
  if (connection.textContent !== words) connection.textContent = words;
  connection.className = `connection ${tone}`;
  document.body.classList.toggle("stale", tone === "bad");
}

// The state as text; null when nothing answers.
async function asked() {
  try {
    const answer = await fetch("state", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MILLISECONDS) });
    const text = await answer.text();
    return answer.ok ? text : null;
  } catch {
    return null; // Refused, broken off or late: all mean the same to the reader.
  }
}

async function look() {
  const text = await asked();
  if (text === null) {
    lostSince ??= Date.now() / 1000;
    tell(`Not reachable since ${clockTime(lostSince)} UTC. Start it: chem-endpoints local up --detach`, "bad");
    return;
  }
  if (text !== shown) morph(main, element("main", { id: "main" }, page(JSON.parse(text), location.origin)));
  shown = text;
  lostSince = null;
  tell("Live", "good");
}

async function follow() {
  try {
    if (!document.hidden) await look();
  } finally {
    setTimeout(follow, PAUSE_MILLISECONDS);
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (button === null) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  said.textContent = "Copied";
  button.classList.add("copied");
  setTimeout(() => {
    said.textContent = "";
    button.classList.remove("copied");
  }, 1500);
});

follow();
