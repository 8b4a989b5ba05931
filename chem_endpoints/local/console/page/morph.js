// Makes one tree like another and keeps every node that can stay: focus, open details and selections survive.

const OWN = { DETAILS: ["open"] }; // What the reader has changed stays as it is.

function alike(before, after) {
  return before.nodeType === after.nodeType && before.nodeName === after.nodeName && keyOf(before) === keyOf(after);
}

const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.getAttribute("data-key") : null);

function copyAttributes(before, after) {
  const own = OWN[before.nodeName] ?? [];
  for (const { name } of [...before.attributes]) {
    if (!after.hasAttribute(name) && !own.includes(name)) before.removeAttribute(name);
  }
  for (const { name, value } of after.attributes) {
    if (before.getAttribute(name) !== value && !own.includes(name)) before.setAttribute(name, value);
  }
}

export function morph(before, after) {
  if (before.nodeType !== Node.ELEMENT_NODE) {
    if (before.nodeValue !== after.nodeValue) before.nodeValue = after.nodeValue;
    return;
  }
  copyAttributes(before, after);
  let place = before.firstChild;
  for (const wanted of [...after.childNodes]) {
    const kept = found(place, wanted);
    if (kept === null) {
      before.insertBefore(wanted, place);
    } else {
      if (kept !== place) before.insertBefore(kept, place);
      morph(kept, wanted);
      place = kept.nextSibling;
    }
  }
  while (place !== null) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

// The node that stays: the next one, or, of those with a key, the one with the same key further on.
function found(place, wanted) {
  for (let node = place; node !== null; node = node.nextSibling) {
    if (alike(node, wanted)) return node;
    if (keyOf(wanted) === null) return null;
  }
  return null;
}
