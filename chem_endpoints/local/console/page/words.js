// Numbers, times and states in words.

export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

const STEPS = [
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
];

// 75 → "1 min 15 s", 7300 → "2 h 1 min": the two largest units.
export function duration(seconds) {
  let left = Math.max(0, Math.round(seconds));
  const parts = [];
  for (const [size, unit] of STEPS) {
    const number = Math.floor(left / size);
    if (number > 0) parts.push(`${number} ${unit}`);
    left -= number * size;
  }
  return parts.slice(0, 2).join(" ") || "0 s";
}

export const clockTime = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 19);

export const isoTime = (seconds) => new Date(seconds * 1000).toISOString();

export const shortNumber = (value) => (Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3))));

export const KINDS = {
  realtime: "real-time",
  async: "asynchronous",
  serverless: "serverless",
  inference_component: "real-time, scales to zero",
};

// State → tone of its badge. The word always stands beside the colour.
export function tone(state) {
  if (/FAILED|ROLLBACK|Failed|ended|unhealthy|^ALARM$/.test(state)) return "bad";
  if (/IN_PROGRESS|Creating|Updating|Deleting|RollingBack|InProgress|starting|REVIEW/.test(state)) return "busy";
  if (/COMPLETE|InService|Successful|ready|^OK$/.test(state)) return "good";
  return "still";
}

const STATES = { INSUFFICIENT_DATA: "no data", InService: "in service", InProgress: "in progress" };

export const stateWord = (state) => STATES[state] ?? state;
