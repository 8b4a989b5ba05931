// Pieces that several sections show.

import { element } from "./elements.js";
import { clockTime, duration, isoTime, stateWord, tone } from "./words.js";

export const badge = (state) => element("span", { class: `badge ${tone(state)}` }, stateWord(state));

// A moment of the clock, and how long ago it is by the same clock.
export const moment = (at, now) =>
  element("span", { class: "moment" },
    element("time", { datetime: isoTime(at), title: isoTime(at) }, clockTime(at)),
    now - at < 1 ? " · now" : ` · ${duration(now - at)} ago`);

export const figure = (name, value, more, attributes = {}) =>
  element("div", { class: "figure", ...attributes },
    element("dt", {}, name),
    element("dd", {}, element("strong", {}, String(value)), more ? element("span", { class: "more" }, more) : null));

export const block = (title, content, level = "h4") =>
  element("section", { class: "block" }, element(level, {}, title), content);

export const command = (text) =>
  element("div", { class: "command" },
    element("code", { tabindex: "0" }, text),
    element("button", { type: "button", "data-copy": text, "aria-label": `Copy: ${text}` }, "Copy"));
