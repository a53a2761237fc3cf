// Makes a folder of results with the history of a suite: forty nights of two profiles, a change, an improvement, a noisy and a void night, another
// version, and an accepted change. The runs of the first twenty nights were cleaned away; the pages of the others are there, one of them a real one.
import fs from "node:fs";
import path from "node:path";

const [run, folder, kind] = process.argv.slice(2);
const HOSTILE = `<script>window.hurt = 1</script></script></svg><img src=x onerror="window.hurt=1">'"&\u001b[2J\u202e\u2028{{ 7 * 7 }}${"long".repeat(2500)}`;
const isHostile = kind === "hostile";
const named = (name) => (isHostile ? `${name}${HOSTILE}` : name);
const NIGHTS = 40;
const RUNS = 5;
const KEPT_FROM = 20;

const day = (at) => new Date(Date.UTC(2026, 0, 1 + at)).toISOString().slice(0, 10);
// The same wobble each time: a percent or so.
const wobble = (at, by) => 1 + 0.01 * (((at * 7 + by * 3) % 11) / 5 - 1);

const figure = (at, number, place, name, unit, usual) => ({
  place,
  figure: name,
  unit,
  less_is_worse: unit === "per_s",
  values: Array.from({ length: RUNS }, (_, run) => usual * wobble(at, number) * (1 + 0.002 * (run - 2))),
});

const figuresOf = (at) => {
  const slow = at >= 36 ? 1.3 : 1;
  const quick = at >= 38 ? 0.7 : 1;
  const of = (stream, phase) => ({ stream: named(stream), ...(phase && { phase: named(phase) }) });
  return [
    figure(at, 1, of("orders"), "delivered_per_s", "per_s", 1000),
    figure(at, 2, of("orders"), named("end_to_end_p50"), "ms", 4.1),
    figure(at, 3, of("orders", "peak"), "end_to_end_p99", "ms", 21 * slow),
    figure(at, 4, of("orders", "peak"), "ack_p99", "ms", 8 * quick),
  ];
};

const repetition = (at, profile, number, isVoid) => ({
  number,
  verdict: isVoid ? "void" : "pass",
  counts: !isVoid,
  ...(isVoid && { reasons: [named("The generator was late.")] }),
  run: `${profile}-${day(at)}-${number}`,
  folder: `nightly/staging/${day(at)}/${profile}-${number}`,
});

const line = (at, profile) => {
  const isVoid = at === 30;
  const librdkafka = at < 15 ? "2.11.0" : "2.12.1";
  return {
    kind: "night",
    schema: 1,
    suite: "staging",
    night: day(at),
    profile: named(profile),
    fingerprint: `of-${librdkafka}`,
    surroundings: { load: "1", target: "embedded", floodmark: "0.1.0", librdkafka, machine: named("2 cores, Xeon 6, 25.3 GB") },
    host: named("night-1"),
    started: `${day(at)}T01:00:00Z`,
    ended: `${day(at)}T01:30:00Z`,
    probes: [0, 5, 10].map((after_runs) => ({ after_runs, cpu_us_per_event: 4 * wobble(at, after_runs), ack_p50_ms: 1, ack_p99_ms: 3 })),
    ...(at === 33 && { suspect: named("this machine's own speed changed during the night: 4.00 to 5.40 µs of CPU for each event of a fixed load, 35 % apart") }),
    repetitions: Array.from({ length: RUNS }, (_, run) => repetition(at, profile, run + 1, isVoid)),
    figures: isVoid ? [] : figuresOf(at),
  };
};

const accepted = { kind: "accepted", schema: 1, suite: "staging", since: day(22), why: named("the topic has six partitions now"), accepted: `${day(23)}T07:00:00Z`, host: named("night-1"), figure: "ack_p99" };

const nights = Array.from({ length: NIGHTS }, (_, at) => ["average", "burst"].map((profile) => line(at, profile))).flat();
fs.mkdirSync(path.join(folder, "history", "staging"), { recursive: true });
fs.writeFileSync(path.join(folder, "history", "staging", "night-1.jsonl"), [...nights, accepted].map((line) => JSON.stringify(line) + "\n").join(""));
for (const { night, repetitions } of nights) {
  if (night < day(KEPT_FROM)) continue;
  for (const { folder: below } of repetitions) {
    fs.mkdirSync(path.join(folder, below), { recursive: true });
    fs.writeFileSync(path.join(folder, below, "report.html"), "<!doctype html><title>a run</title>");
  }
}
fs.copyFileSync(path.join(run, "report.html"), path.join(folder, nights.at(-1).repetitions[2].folder, "report.html"));
