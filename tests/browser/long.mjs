// Stretches a calm run to hours: its seconds come again and again. One second of its first stream is the worst of another run.
import fs from "node:fs";
import path from "node:path";

const [calm, harsh, folder, hours] = process.argv.slice(2);
const SECONDS = Number(hours) * 3600;
const WORST_AT = Math.floor(SECONDS * 0.46);
const TIMED = ["due_to_consumed_p50_ms", "due_to_consumed_p99_ms", "due_to_consumed_max_ms"];

const read = (of, name) => fs.readFileSync(path.join(of, name), "utf8");

const timelineOf = (of) => {
  const [heads, ...lines] = read(of, "timeline.csv").trimEnd().split("\n").map((line) => line.split(","));
  return { heads, rows: lines.map((cells) => Object.fromEntries(heads.map((head, at) => [head, cells[at]]))) };
};

// A log's head, and its intervals by their seconds, without the second.
const logOf = (of, name) => {
  const lines = read(of, name).trimEnd().split("\n");
  const intervals = lines.filter((line) => /^\d/.test(line)).map((line) => [Math.floor(Number(line.split(",", 1)[0])), line.slice(line.indexOf(","))]);
  return { head: lines.filter((line) => /^(#|")/.test(line) && !line.startsWith("#[Negative")), intervals: new Map(intervals) };
};

const write = (name, lines) => {
  const file = fs.openSync(path.join(folder, name), "w");
  for (let at = 0; at < lines.length; at += 10_000) fs.writeSync(file, lines.slice(at, at + 10_000).join("\n") + "\n");
  fs.closeSync(file);
};

const { heads, rows } = timelineOf(calm);
const first = rows[0].stream;
const start = Date.parse(rows[0].time);
// Whole seconds only: the last may be of the drain.
const whole = [...new Set(rows.map((row) => Number(row.second)))].slice(1, -1);
const source = (second) => whole[second % whole.length];
const worst = timelineOf(harsh).rows.reduce((worst, row) => (Number(row.due_to_consumed_p99_ms) > Number(worst.due_to_consumed_p99_ms) ? row : worst));

fs.mkdirSync(folder);
for (const name of ["manifest.toml", "summary.json"]) fs.copyFileSync(path.join(calm, name), path.join(folder, name));

const bySecond = new Map(whole.map((second) => [second, rows.filter((row) => Number(row.second) === second)]));
const stretched = [heads.join(",")];
for (let second = 0; second < SECONDS; second++) {
  for (const row of bySecond.get(source(second))) {
    const timed = second === WORST_AT && row.stream === first ? Object.fromEntries(TIMED.map((name) => [name, worst[name]])) : {};
    const there = { ...row, ...timed, second, time: new Date(start + second * 1000).toISOString() };
    stretched.push(heads.map((head) => there[head]).join(","));
  }
}
write("timeline.csv", stretched);

for (const name of fs.readdirSync(calm).filter((name) => name.endsWith(".hlog"))) {
  const { head, intervals } = logOf(calm, name);
  const lines = [...head];
  const instead = name === `${first}.due_to_consumed.hlog` ? logOf(harsh, `${worst.stream}.due_to_consumed.hlog`).intervals.get(Number(worst.second)) : null;
  for (let second = 0; second < SECONDS; second++) {
    const interval = (second === WORST_AT && instead) || intervals.get(source(second));
    if (interval) lines.push(`${second}.000${interval}`);
  }
  write(name, lines);
}

const summary = JSON.parse(read(folder, "summary.json"));
summary.run.duration_s = SECONDS;
summary.events = [{ kind: "limit_broken", stream: first, slo: "end_to_end_p99", from_s: WORST_AT, to_s: WORST_AT + 1, figure: Number(worst.due_to_consumed_p99_ms) }];
fs.writeFileSync(path.join(folder, "summary.json"), JSON.stringify(summary));
