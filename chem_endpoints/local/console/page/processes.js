// What serves an endpoint: variants, components and their processes.

import { element } from "./elements.js";
import { badge } from "./parts.js";
import { duration } from "./words.js";

const ROLES = {
  variant: "Variant",
  shadow: "Shadow variant",
  component: "Component",
  place: "Variant for components",
};

function bounds(host) {
  const limits = host.least === null ? "" : `, scaled from ${host.least} to ${host.most}`;
  if (host.role === "place") return `${host.running} of ${host.desired} instances${limits}`;
  return `${host.running} of ${host.desired} running${limits}`;
}

function processTable(host) {
  if (host.processes.length === 0) {
    return host.role === "place" ? null : element("p", { class: "none" }, "No process runs.");
  }
  const heads = ["#", "pid", "state", "for", "in flight", "served"];
  const cells = (one) => [
    one.number,
    one.pid ?? "–",
    badge(one.state),
    duration(one.seconds) + (one.restarts > 0 ? `, restarted ${one.restarts}×` : ""),
    one.in_flight,
    one.served,
  ];
  return element("div", { class: "table", tabindex: "0", role: "region", "aria-label": `Processes of ${host.name}` },
    element("table", {},
      element("thead", {}, element("tr", {}, heads.map((head) => element("th", { scope: "col" }, head)))),
      element("tbody", {}, host.processes.map((one) =>
        element("tr", { "data-key": `${one.number} ${one.pid}` },
          cells(one).map((cell) => element("td", {}, cell instanceof Node ? cell : String(cell))))))));
}

export const hosts = (list) =>
  element("ul", { class: "rows hosts" }, list.map((host) =>
    element("li", { "data-key": `${host.role} ${host.name}` },
      element("p", { class: "row-head" },
        element("span", { class: "label" }, ROLES[host.role]),
        element("strong", { class: "name" }, host.name),
        host.status ? badge(host.status) : null,
        element("span", {}, bounds(host)),
        host.instance_type ? element("span", { class: "label" }, host.instance_type) : null),
      host.failure_reason ? element("p", { class: "failure" }, host.failure_reason) : null,
      host.digest
        ? element("p", { class: "digest" }, element("span", { class: "label" }, "Model "),
            element("code", { title: host.digest }, `${host.digest.slice(0, 12)}…`))
        : null,
      processTable(host))));
