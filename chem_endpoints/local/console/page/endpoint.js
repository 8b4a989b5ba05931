// The card of one endpoint.

import { element } from "./elements.js";
import { badge, block, command, figure } from "./parts.js";
import { hosts } from "./processes.js";
import { activities, alarms, policies } from "./scaling.js";
import { strip } from "./strip.js";
import { KINDS, count, duration } from "./words.js";

// What answers requests: shadows only listen.
const serving = (endpoint) => endpoint.hosts.filter((host) => host.role !== "place" && host.role !== "shadow");

const running = (endpoint) => serving(endpoint).reduce((sum, host) => sum + host.running, 0);

function processesFigure(endpoint) {
  const scaled = endpoint.hosts.find((host) => host.most !== null && host.role !== "place");
  const desired = serving(endpoint).reduce((sum, host) => sum + host.desired, 0);
  const more = `${desired} wanted${scaled && scaled.least !== null ? `, ${scaled.least} to ${scaled.most}` : ""}`;
  return figure("Processes", running(endpoint), more, { "data-figure": "processes" });
}

function queueFigure(endpoint) {
  const queue = endpoint.queue;
  if (queue === null) return figure("In flight", endpoint.in_flight, null, { "data-figure": "in-flight" });
  const oldest = queue.size > 0 ? `, oldest ${duration(queue.oldest_seconds)}` : "";
  const more = `${queue.waiting} waiting, ${queue.size - queue.waiting} running${oldest}`;
  return figure("Queue", queue.size, more, { "data-figure": "queue" });
}

function requestFigures(endpoint) {
  const requests = endpoint.requests;
  if (requests === null) return [];
  const errors = [`${requests.client_errors} with 4xx`, `${requests.server_errors} with 5xx`];
  if (endpoint.kind === "async") errors.push(count(requests.failures, "failure"));
  const figures = [figure("Answered, last hour", requests.answered, errors.join(", "), { "data-figure": "answered" })];
  if (requests.rows !== null) {
    const bad = count(requests.bad_rows ?? 0, "bad row");
    figures.push(figure("Rows, last hour", requests.rows, bad, { "data-figure": "rows" }));
  }
  return figures;
}

const DEFAULT_REGION = "us-east-1"; // what the local AWS takes a request for that is not signed, as a browser's

// The page that the endpoint's own server has; components have none, and a browser asks in one region only.
function playground(endpoint) {
  if (endpoint.kind === "inference_component" || endpoint.region !== DEFAULT_REGION || running(endpoint) === 0) return null;
  return element("a", { class: "playground", href: `/endpoints/${encodeURIComponent(endpoint.name)}/` },
    "Playground", element("span", { class: "hidden" }, ` of ${endpoint.name}`));
}

function commands(endpoint) {
  const region = endpoint.region === DEFAULT_REGION ? "" : `env AWS_REGION=${endpoint.region} `;
  const run = `chem-endpoints local run -- ${region}chem-endpoints`;
  return element("details", { class: "commands" },
    element("summary", {}, "Commands"),
    command(`${run} predict ${endpoint.name} compounds.csv --out predicted.csv`),
    command(`${run} status ${endpoint.name}`),
    endpoint.kind === "realtime" ? null : command(`${run} wake ${endpoint.name}`),
    command(`chem-endpoints local logs ${endpoint.name} --follow`));
}

const shift = (endpoint) =>
  `An update is under way: the new processes get ${Math.round(100 * endpoint.share)} % of the requests.`;

const orNone = (list, shown, words) => (list.length > 0 ? shown : element("p", { class: "none" }, words));

const keyOf = (endpoint) => `${endpoint.region} ${endpoint.name}`;

export const endpointCard = (endpoint, now) =>
  element("article", { class: "card", "data-key": keyOf(endpoint), "data-endpoint": endpoint.name },
    element("header", {},
      element("h3", {}, endpoint.name),
      badge(endpoint.status),
      element("span", { class: "kind" }, KINDS[endpoint.kind] ?? "kind unknown"),
      endpoint.region === DEFAULT_REGION ? null : element("span", { class: "kind" }, endpoint.region),
      playground(endpoint)),
    endpoint.failure_reason ? element("p", { class: "failure" }, endpoint.failure_reason) : null,
    endpoint.share === null ? null : element("p", { class: "shift" }, shift(endpoint)),
    element("dl", { class: "figures" },
      processesFigure(endpoint), queueFigure(endpoint), requestFigures(endpoint)),
    strip(endpoint, now),
    element("div", { class: "columns" },
      element("div", {},
        block("Served by", orNone(endpoint.hosts, hosts(endpoint.hosts), "Nothing serves it yet.")),
        block("Scaling activities", orNone(endpoint.activities, activities(endpoint.activities, now), "None yet.")),
        endpoint.policies.length > 0 ? block("Scaling policies", policies(endpoint.policies)) : null),
      block("Alarms", orNone(endpoint.alarms, alarms(endpoint.alarms, now), "None are deployed."))),
    commands(endpoint));
