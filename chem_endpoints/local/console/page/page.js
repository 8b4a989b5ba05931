// The whole page from one state.

import { element } from "./elements.js";
import { endpointCard } from "./endpoint.js";
import { badge, command, figure } from "./parts.js";
import { alarms } from "./scaling.js";
import { clockTime, count, duration, isoTime } from "./words.js";

function clockWords(clock) {
  const known = { 0: "stands still", 1: "runs as real time does" };
  const speed = known[clock.speed] ?? `runs ${clock.speed}× as fast`;
  const ahead = clock.ahead_seconds >= 1 ? `, ${duration(clock.ahead_seconds)} ahead` : "";
  return `UTC, ${speed}${ahead}`;
}

function overview(state) {
  const endpoints = state.endpoints;
  const serving = endpoints.filter((one) => one.status === "InService").length;
  const alarmed = [...endpoints.flatMap((one) => one.alarms), ...state.other_alarms];
  const firing = alarmed.filter((one) => one.state === "ALARM");
  const processes = endpoints.flatMap((one) => one.hosts).flatMap((host) => host.processes);
  const clock = { "data-figure": "clock", title: isoTime(state.clock.now) };
  const queued = endpoints.reduce((sum, one) => sum + (one.queue?.size ?? 0), 0);
  return element("dl", { class: "figures overview" },
    figure("Clock", clockTime(state.clock.now), clockWords(state.clock), clock),
    figure("Endpoints in service", `${serving} of ${endpoints.length}`),
    figure("Processes", processes.filter((one) => one.pid !== null).length),
    figure("Requests in queues", queued),
    figure("Alarms that fire", firing.length),
    figure("Faults ordered", state.faults.length));
}

const empty = () =>
  element("div", { class: "empty" },
    element("h3", {}, "Nothing is deployed yet"),
    element("p", {}, "The demonstration trains a model, deploys it as two endpoints and lets one sleep and wake:"),
    command("chem-endpoints demo"),
    element("p", {}, "Or declare a model of your own in ", element("code", {}, "endpoints/"), " and deploy it:"),
    command("chem-endpoints local run -- cdk bootstrap"),
    command("chem-endpoints local run -- cdk deploy --all --require-approval never"));

const stacks = (state) =>
  state.stacks.map((stack) =>
    element("details", { class: "stack", "data-key": `${stack.region} ${stack.name}`, "data-stack": stack.name },
      element("summary", {},
        element("strong", { class: "name" }, stack.name), badge(stack.status),
        element("span", { class: "label" }, count(stack.resources, "resource")),
        element("time", { datetime: isoTime(stack.changed), title: isoTime(stack.changed) }, clockTime(stack.changed))),
      stack.reason ? element("p", { class: "failure" }, stack.reason) : null,
      element("ol", { class: "rows events" }, stack.events.map((event, index) =>
        element("li", { "data-key": `${event.at} ${event.resource} ${event.status} ${index}` },
          element("p", { class: "row-head" },
            element("time", { datetime: isoTime(event.at) }, clockTime(event.at)),
            badge(event.status), element("strong", { class: "name" }, event.resource),
            element("span", { class: "label" }, event.type_name)),
          event.reason ? element("p", { class: "reason" }, event.reason) : null)))));

const listed = (settings) => Object.entries(settings).map(([name, value]) => `${name}: ${value}`).join(", ");

const faults = (state) =>
  element("ul", { class: "rows" }, state.faults.map(({ id, state: phase, struck, kind, ...order }) =>
    element("li", { "data-key": id },
      element("p", { class: "row-head" },
        element("strong", { class: "name" }, kind),
        element("span", {}, phase),
        element("span", {}, `struck ${struck}×`)),
      element("p", { class: "reason" }, listed(order)))));

const section = (title, key, ...content) =>
  element("section", { "data-key": key, "data-section": key }, element("h2", {}, title), content);

function clockCommands(state, address) {
  const advance = (seconds) => `curl -s -d '{"advance_seconds": ${seconds}}' ${address}/_local/clock`;
  return element("details", { class: "commands" },
    element("summary", {}, "Move the clock, look at the log, stop"),
    command(advance(60)), command(advance(600)),
    command("chem-endpoints local logs --since 10m"), command("chem-endpoints local down"),
    state.idle_minutes === null
      ? null
      : element("p", { class: "reason" },
          `It stops by itself after ${state.idle_minutes} minutes without a request. This page is none.`));
}

const card = (...content) => element("div", { class: "card" }, content);

const footer = (state) =>
  element("footer", { "data-key": "footer" },
    `Process ${state.pid}${state.keeps ? ", keeps its state" : ", keeps nothing when it ends"}. `,
    "Times are UTC; those of scaling, alarms and queues are the clock's.");

export function page(state, address) {
  const now = state.clock.now;
  return [
    section("Overview", "overview", overview(state), clockCommands(state, address)),
    section("Endpoints", "endpoints",
      state.endpoints.length > 0 ? state.endpoints.map((endpoint) => endpointCard(endpoint, now)) : empty()),
    state.faults.length > 0 ? section("Faults", "faults", card(faults(state))) : null,
    state.other_alarms.length > 0
      ? section("Alarms of no endpoint", "other-alarms", card(alarms(state.other_alarms, now)))
      : null,
    state.stacks.length > 0 ? section("Stacks", "stacks", card(stacks(state))) : null,
    footer(state),
  ].filter((part) => part !== null);
}
