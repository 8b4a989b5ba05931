// Makes elements. Text is always text: no string ever becomes markup.

const SVG = "http://www.w3.org/2000/svg";

function made(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const element = (name, attributes = {}, ...children) => made(document.createElement(name), attributes, children);

export const drawn = (name, attributes = {}, ...children) =>
  made(document.createElementNS(SVG, name), attributes, children);
