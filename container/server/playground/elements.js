// Elements from plain text: what a caller or a model wrote is never read as HTML.

/** An element with attributes and children; texts become text nodes. */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same for a part of an SVG drawing that the page itself makes. */
export function shape(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function filled(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** An SVG text as a picture, in which nothing can run. */
export function picture(svg, alternative) {
  // RDKit declares Latin-1; what is written here is UTF-8.
  const text = svg.replace(/^<\?xml[^>]*\?>\s*/, "");
  return element("img", { src: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`, alt: alternative });
}

/** A box that scrolls by itself and can be reached by the keyboard. */
export function scrolling(label, content, tall = false) {
  return element("div", { class: tall ? "scroll tall" : "scroll", role: "group", "aria-label": label, tabindex: 0 }, content);
}

/** A closed part of the page whose contents are made when it is first opened. */
export function opening(title, make) {
  const part = element("details", {}, element("summary", {}, title));
  part.addEventListener("toggle", () => {
    if (part.open && part.children.length === 1) part.append(make());
  });
  return part;
}

const SHOWN_CHARACTERS = 160;

/** A text that fits on a page; a longer one says how long it is. */
export function shortened(text, most = SHOWN_CHARACTERS) {
  return text.length <= most ? text : `${text.slice(0, most)}… (${text.length} characters)`;
}

/** A number as people read it: three digits, integers whole; a text stays as it is. */
export function rounded(cell) {
  const number = Number(cell);
  if (String(cell).trim() === "" || !Number.isFinite(number)) return cell;
  const digits = number.toPrecision(3);
  const text = Number.isInteger(number) || digits.includes("e") ? String(Number(number.toPrecision(6))) : digits;
  return text.replace("-", "−");
}
