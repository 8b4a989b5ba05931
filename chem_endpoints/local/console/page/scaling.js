// Alarms, policies and activities: why an endpoint has as many processes as it has.

import { element } from "./elements.js";
import { badge, moment } from "./parts.js";
import { shortNumber } from "./words.js";

function datapoints(alarm) {
  if (alarm.values.length === 0) return null;
  const shown = alarm.values.map((value) => (value === null ? "–" : shortNumber(value)));
  return element("p", { class: "datapoints" },
    element("span", { class: "label" }, "Datapoints, oldest first: "),
    element("code", {}, shown.join(" ")));
}

export const alarms = (list, now) =>
  element("ul", { class: "rows" }, list.map((alarm) =>
    element("li", { "data-key": alarm.name, "data-alarm": alarm.name },
      element("p", { class: "row-head" },
        badge(alarm.state),
        element("strong", { class: "name" }, alarm.name),
        alarm.since === null ? null : moment(alarm.since, now)),
      element("p", { class: "rule" },
        alarm.rule,
        alarm.actions.length > 0 ? element("span", { class: "does" }, ` → ${alarm.actions.join(", ")}`) : null),
      datapoints(alarm),
      alarm.state === "ALARM" ? element("p", { class: "reason" }, alarm.reason) : null)));

export const policies = (list) =>
  element("ul", { class: "rows" }, list.map((policy) =>
    element("li", { "data-key": policy.arn }, element("strong", { class: "name" }, policy.name), ` ${policy.does}`)));

export const activities = (list, now) =>
  element("ol", { class: "rows activities" }, list.map((activity) =>
    element("li", { "data-key": `${activity.start} ${activity.resource} ${activity.what}` },
      element("p", { class: "row-head" },
        element("strong", { class: "change" }, `${activity.before} → ${activity.capacity}`),
        element("span", {}, activity.what),
        badge(activity.status),
        moment(activity.start, now)),
      element("p", { class: "reason" }, activity.cause),
      activity.status === "Failed" ? element("p", { class: "reason" }, activity.message) : null)));
