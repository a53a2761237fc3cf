// Makes the folder of a search: its capacity.json, and for each trial the page of a run. The figures are those of a queue with one server.
import fs from "node:fs";
import path from "node:path";

const [run, folder, kind] = process.argv.slice(2);
const HOSTILE = `<script>window.hurt = 1</script></script></svg><img src=x onerror="window.hurt=1">'"&\u001b[2J\u202e\u2028{{ 7 * 7 }}${"long".repeat(2500)}`;
const NAME = kind === "hostile" ? HOSTILE : "orders";
const HELD = 2.05;

const binding = (what, text) => ({ what, stream: NAME, stage: NAME, text: kind === "hostile" ? HOSTILE : text });
const because = {
  pass: undefined,
  fail: binding("end_to_end_p99", "orders at output: end_to_end_p99 is 1.8 s (limit 500 ms)"),
  invalid: binding("generator_late", "The generator was late"),
};
const worst = (factor) => {
  const over = Math.max(factor - HELD, 0);
  const p99_ms = over > 0 ? 9000 * over + 500 : 9 / (1 - factor / (HELD + 0.2));
  return { stream: NAME, p50_ms: p99_ms / 3, p99_ms, p99_limit_ms: 500, most_waiting: Math.round(over * 9000) + 20 };
};
const trial = (factor, length, outcome) => ({ factor, length, outcome, because: because[outcome], offered_per_s: factor * 998, worst: worst(factor) });

const trials = [
  trial(1, "warm_up", "pass"),
  trial(1, "short", "pass"),
  trial(2, "short", "invalid"),
  trial(2, "short", "pass"),
  trial(4, "short", "fail"),
  trial(2.5, "short", "fail"),
  trial(2.09, "short", "fail"),
  trial(2.09, "short", "fail"),
  trial(2, "long", "pass"),
].map((trial, at) => ({ ...trial, folder: `trials/0${at + 1}` }));
const bound = (factor, passes, fails) => ({ factor, offered_per_s: factor * 998, passes, fails });
const found = { ended: "found", lower: bound(2, 2, 0), upper: bound(2.09, 0, 2), binding: because.fail };
const rules = { start: 1, width: 0.05, least: 0.001, most: 1024, most_trials: 40 };
const headroom = { need: 3, text: kind === "hostile" ? HOSTILE : "3x the peak", need_per_s: 2994, standing: "red", of_need: 2 / 3 };
const recovery = { burst_per_s: 4080, times: 2, burst_s: 10, base_per_s: 1020, place: NAME, most_waiting: 20_400, gone_after_s: 20.4, watched_s: 35, held_per_s: 2040, formula_s: [18.6, 21.5], folder: "trials/burst" };
const sender = { times: 1.5, asked_per_s: 3129, sent_per_s: 2500, kept_up: false, because: kind === "hostile" ? HOSTILE : "The generator was late", folder: "trials/sender" };
const over = kind === "killed" ? {} : { found, headroom, recovery, sender };

fs.mkdirSync(folder);
const search = { schema: 1, profile: NAME, asked: "", cluster_id: NAME, rules, trials: kind === "killed" ? trials.slice(0, 4) : trials, ...over };
fs.writeFileSync(path.join(folder, "capacity.json"), JSON.stringify(search));
for (const { folder: below } of [...trials, recovery]) fs.cpSync(run, path.join(folder, below), { recursive: true });
