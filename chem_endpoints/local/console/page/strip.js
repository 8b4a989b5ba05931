// The last hour of an endpoint, or as much of it as is known: processes and requests as step lines over the clock's
// time. Text keeps its size at any width: only the lines are stretched.

import { drawn, element } from "./elements.js";
import { clockTime, count, duration } from "./words.js";

const MOST_SECONDS = 3600;
const LEAST_SECONDS = 600;
const TICKS = [[1200, 120], [2400, 300], [Infinity, 900]]; // Up to so many seconds, a label every so many.
const LANE = 44;
const HEAD = 22;
const FOOT = 18;
const ROOM = 2; // Above the highest value, for the line's own width.
const EDGE_PERCENT = 4; // Nearer to an edge a label would be cut.

// [[at, value], …] → the corners of a step line until now; it begins with the first value or with the window.
function corners(steps, window, most) {
  const across = (at) => Math.max(0, at - window.since).toFixed(1);
  const height = (value) => (LANE - (value / most) * (LANE - ROOM)).toFixed(1);
  const line = [];
  for (const [at, value] of steps) {
    if (line.length > 0) line.push([across(at), line.at(-1)[1]]);
    line.push([across(at), height(value)]);
  }
  return [...line, [String(window.seconds), line.at(-1)[1]]];
}

function lane({ name, className, steps }, window, top) {
  const highest = Math.max(...steps.map(([, value]) => value));
  const line = corners(steps, window, Math.max(1, highest));
  const points = line.map(([x, y]) => `${x},${y}`).join(" ");
  const [ceiling, floor] = [top + HEAD, top + HEAD + LANE];
  const stretched = { viewBox: `0 0 ${window.seconds} ${LANE}`, preserveAspectRatio: "none", "aria-hidden": "true" };
  return drawn("g", { class: className },
    ticks(window).map(({ x }) => drawn("line", { x1: x, x2: x, y1: ceiling, y2: floor, class: "tick" })),
    drawn("text", { x: 0, y: ceiling - 7 },
      name, drawn("tspan", { class: "quiet" }, ` now ${steps.at(-1)[1]}, at most ${highest}`)),
    drawn("svg", { y: ceiling, width: "100%", height: LANE, ...stretched },
      drawn("polygon", { points: `${line[0][0]},${LANE} ${points} ${window.seconds},${LANE}`, class: "area" }),
      drawn("polyline", { points, class: "line", "vector-effect": "non-scaling-stroke" })),
    drawn("line", { x1: 0, x2: "100%", y1: floor, y2: floor, class: "floor" }));
}

function ticks(window) {
  const [, step] = TICKS.find(([seconds]) => window.seconds <= seconds);
  const marks = [];
  for (let at = Math.ceil(window.since / step) * step; at <= window.since + window.seconds; at += step) {
    const percent = (100 * (at - window.since)) / window.seconds;
    marks.push({ x: `${percent.toFixed(2)}%`, at, readable: percent > EDGE_PERCENT && percent < 100 - EDGE_PERCENT });
  }
  return marks;
}

// A point is kept when any of its values has changed.
const changes = (steps) => steps.filter(([, value], index) => index === 0 || value !== steps[index - 1][1]);

const course = (steps) => steps.slice(-8).map(([, value]) => value).join(", ");

export function strip(endpoint, now) {
  const history = endpoint.history.length > 0 ? endpoint.history : [[now, 0, endpoint.queue ? 0 : null]];
  const seconds = Math.ceil(Math.min(MOST_SECONDS, Math.max(LEAST_SECONDS, now - history[0][0])));
  const window = { seconds, since: now - seconds };
  const running = changes(history.map(([at, instances]) => [at, instances]));
  const queued = changes(history.filter(([, , backlog]) => backlog !== null).map(([at, , backlog]) => [at, backlog]));
  const lanes = [{ name: "Processes", className: "running", steps: running }];
  if (queued.length > 0) lanes.push({ name: "Queue", className: "waiting", steps: queued });
  const height = lanes.length * (HEAD + LANE) + FOOT;
  const told = [
    `The last ${duration(seconds)} by the clock, until ${clockTime(now)}.`,
    `${count(running.at(-1)[1], "process", "processes")} now; the last values were ${course(running)}.`,
    queued.length > 0 ? `The queue's last values were ${course(queued)}.` : "",
  ].join(" ");
  return element("figure", { class: "strip" },
    drawn("svg", { width: "100%", height, role: "img", "aria-label": told },
      lanes.map((one, index) => lane(one, window, index * (HEAD + LANE))),
      ticks(window).filter(({ readable }) => readable).map(({ x, at }) =>
        drawn("text", { x, y: height - 4, "text-anchor": "middle", class: "quiet" }, clockTime(at).slice(0, 5)))));
}
