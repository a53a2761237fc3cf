// Opens the reports of scripts/prove-pages in Chromium: what is drawn is what the runs' files say, and nothing is loaded.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { NIGHTS, everyNightIsDrawn } from "./nightly.mjs";
import { SEARCHES, everyKneeIsDrawn } from "./searches.mjs";
import { SWEEPS, everyCombinationIsDrawn } from "./sweeps.mjs";

const [root, keep] = process.argv.slice(2);
const LOOKS = {
  light: { colorScheme: "light", viewport: { width: 1200, height: 900 } },
  dark: { colorScheme: "dark", viewport: { width: 1200, height: 900 } },
  narrow: { colorScheme: "light", viewport: { width: 400, height: 800 } },
};

// The rows of a run's timeline.
const rowsOf = (folder) => {
  const file = ["timeline.csv", "timeline.csv.partial"].map((name) => path.join(folder, name)).find((name) => fs.existsSync(name));
  const lines = fs.readFileSync(file, "utf8").split("\n").slice(0, -1);
  const cells = (line) => !line.includes('"') ? line.split(",") : [...line.matchAll(/(?:^|,)("(?:[^"]|"")*"|[^,]*)/g)].map(([, cell]) => cell.replace(/^"|"$/g, "").replaceAll('""', '"'));
  const heads = cells(lines[0]);
  return lines.slice(1).map((line) => Object.fromEntries(cells(line).map((cell, at) => [heads[at], cell])));
};

// The series of a chart as it is drawn now, by their labels.
const seriesOf = (page, title) =>
  page.evaluate((wanted) => {
    const chart = floodmark.charts().find((chart) => chart.titleOf === wanted);
    return Object.fromEntries(chart.series.map((series, at) => [series.label, [...chart.data[at]]]));
  }, title);

const titles = (page) => page.evaluate(() => floodmark.charts().map((chart) => chart.titleOf));

// How many pixels of each canvas have anything on them, and how many colours there are.
const canvases = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll(".chart canvas")].map((canvas) => {
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
      copy.drawImage(canvas, 0, 0);
      const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
      const colours = new Set();
      let drawn = 0;
      for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] > 0) {
          drawn += 1;
          colours.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
        }
      }
      return { drawn, colours: colours.size };
    }),
  );

const opened = async (browser, name, look) => {
  const page = await browser.newPage(LOOKS[look]);
  const told = [];
  page.on("console", (message) => told.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => told.push(`error: ${error.message}`));
  page.on("request", (request) => told.push(`request: ${request.url().slice(0, 200)}`));
  const file = name in NIGHTS ? "history/staging.html" : "report.html";
  await page.goto(pathToFileURL(path.join(root, name, file)).href);
  // The pages of searches, sweeps and nights have no script.
  if (![SEARCHES, SWEEPS, NIGHTS].some((cases) => name in cases)) await page.waitForFunction(() => globalThis.floodmark !== undefined);
  const own = told.shift();
  assert.ok(own?.startsWith("request: file:") && own.endsWith(file), own);
  return { page, told };
};

const RATES = [["offered", "offered_per_s"], ["sent", "sent_per_s"], ["acked", "acked_per_s"], ["delivered", "delivered_per_s"]];

const rowsAt = (folder, stream, stage) => {
  const rows = rowsOf(folder).filter((row) => row.stream === stream && row.stage === stage);
  assert.ok(rows.length > 0, `${folder} has rows of ${stream}`);
  return rows;
};

// A series has a value for each row, and a last place without one, where the last second ends.
const isAsWritten = (drawn, rows, column, what) => assert.deepEqual(drawn, [...rows.map((row) => Number(row[column])), null], what);

const drawsTheRates = async (page, folder, stream, stage = "") => {
  const rows = rowsAt(folder, stream, stage);
  const seconds = rows.map((row) => Number(row.second));
  const [rates, waiting] = [await seriesOf(page, "Rates"), await seriesOf(page, "Waiting")];
  for (const { at } of [rates, waiting]) assert.deepEqual(at, [...seconds, seconds.at(-1) + 1], `the seconds of ${stream} ${stage}`);
  for (const [label, column] of RATES) isAsWritten(rates[label], rows, column, `${label} of ${stream} ${stage}`);
  isAsWritten(waiting["sent, not acked"], rows, "outstanding", `what waited for acknowledgements of ${stream} ${stage}`);
  const unseen = rows.map((row) => Math.max(Number(row.lag_events), 0));
  assert.deepEqual(waiting["acked, not seen"], [...unseen, null], `what waited to be seen of ${stream} ${stage}`);
};

const isNear = (drawn, written, what) =>
  assert.ok(written === "" ? drawn == null : Math.abs(drawn - Number(written)) <= Number(written) * 0.001 + 0.001, `${what}: ${drawn} drawn, ${written} written`);

const drawsWhatTheFilesSay = async (page, folder, stream, stage = "") => {
  await drawsTheRates(page, folder, stream, stage);
  const latency = await seriesOf(page, "Latency due → consumed");
  rowsAt(folder, stream, stage).forEach((row, at) => {
    assert.equal(latency.at[at], Number(row.second));
    isNear(latency.p99[at], row.due_to_consumed_p99_ms, `p99 of second ${row.second}`);
    isNear(latency.max[at], row.due_to_consumed_max_ms, `max of second ${row.second}`);
  });
};

// Several seconds are one point: counts are sums, and the worst second's p99 is still there.
const drawsThinned = async (page, folder, stream) => {
  const rows = rowsAt(folder, stream, "");
  const width = await page.evaluate(() => floodmark.figures.width_s);
  const { seconds, ...counts } = await page.evaluate(() => floodmark.figures.places[0].counts);
  const [rates, latency] = [await seriesOf(page, "Rates"), await seriesOf(page, "Latency due → consumed")];
  const points = Math.ceil(rows.length / width);
  assert.ok(width > 1 && rates.at.length === points + 1, `${rates.at.length} points of ${width} s`);
  const bins = Array.from({ length: points }, (_, at) => rows.slice(at * width, (at + 1) * width));
  for (const [label, column] of RATES) {
    const sums = bins.map((bin) => bin.reduce((sum, row) => sum + Number(row[column]), 0));
    assert.deepEqual(counts[label], sums, `${label} of ${stream}`);
    assert.deepEqual(rates[label].slice(0, -1), sums.map((sum, at) => sum / seconds[at]));
  }
  const worst = (bin, column) => String(Math.max(...bin.map((row) => Number(row[column]))));
  bins.forEach((bin, at) => {
    isNear(latency["worst second's p99"][at], worst(bin, "due_to_consumed_p99_ms"), `the worst p99 from second ${at * width} on`);
    isNear(latency.max[at], worst(bin, "due_to_consumed_max_ms"), `max from second ${at * width} on`);
  });
};

// The colour under the lines of the first chart in the middle of each second, and what the zones of all that happened then add up to.
const zones = (page, kinds) =>
  page.evaluate((kinds) => {
    const chart = floodmark.charts()[0];
    const { top, height } = chart.bbox;
    const { width, height: rows } = chart.ctx.canvas;
    const copy = new OffscreenCanvas(width, rows).getContext("2d", { willReadFrequently: true });
    copy.drawImage(chart.ctx.canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, width, rows);
    const one = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const events = floodmark.figures.places[Number(document.getElementById("place").value)].events;
    const zone = (kind) => getComputedStyle(document.documentElement).getPropertyValue("--zone-" + kinds[kind]);
    return chart.data[0].slice(0, -1).map((second) => {
      one.clearRect(0, 0, 1, 1);
      for (const event of events.filter(({ from_s, to_s }) => from_s <= second && second < (to_s ?? Infinity))) {
        one.fillStyle = zone(event.kind);
        one.fillRect(0, 0, 1, 1);
      }
      const x = Math.round(chart.valToPos(second + 0.35, "x", true));
      const seen = new Map();
      for (let y = Math.round(top); y < top + height; y++) {
        const colour = data.slice((y * width + x) * 4, (y * width + x) * 4 + 4).join();
        seen.set(colour, (seen.get(colour) ?? 0) + 1);
      }
      return { second, drawn: [...seen].reduce((most, next) => (next[1] > most[1] ? next : most))[0], expected: one.getImageData(0, 0, 1, 1).data.join() };
    });
  }, kinds);

const KINDS = { no_acknowledgements: "bad", no_deliveries: "bad", limit_broken: "bad", partition_stalled: "doubt", leader_moved: "doubt", rebalanced: "doubt", throttled: "doubt", saturation: "doubt", backlog: "doubt", scale_up: "doubt", recovered: "good" };

const marksWhatHappened = async (page, folder) => {
  const events = JSON.parse(fs.readFileSync(path.join(folder, "summary.json"), "utf8")).events;
  assert.ok(events.length > 0, "something happened");
  const marked = await page.evaluate(() => floodmark.figures.places[0].events.map(({ kind, from_s, to_s }) => [kind, from_s, to_s]));
  assert.deepEqual(marked, events.map(({ kind, from_s, to_s }) => [kind, from_s, to_s ?? null]));
  assert.equal(await page.locator("#happened tbody tr").count(), events.length);
  const seconds = await zones(page, KINDS);
  for (const { second, drawn, expected } of seconds) {
    const apart = drawn.split(",").map((value, at) => Math.abs(value - expected.split(",")[at]));
    assert.ok(Math.max(...apart) <= 6, `second ${second} has the colour ${drawn} and not ${expected}`);
  }
  assert.ok(new Set(seconds.map(({ expected }) => expected)).size >= 2, "calm seconds and others");
};

const everyCanvasShowsSomething = async (page) => {
  const drawn = await canvases(page);
  assert.ok(drawn.length >= 6, `${drawn.length} charts`);
  for (const { drawn: pixels, colours } of drawn) assert.ok(pixels > 2000 && colours > 5, `${pixels} pixels in ${colours} colours`);
};

const aLegendHidesItsLine = async (page) => {
  const shown = () => page.evaluate(() => floodmark.charts()[0].series.map((series) => series.show));
  const before = await canvases(page);
  await page.locator(".chart").first().locator(".u-legend .u-series", { hasText: "delivered" }).locator("th").click();
  assert.deepEqual(await shown(), [true, true, true, true, false]);
  assert.notDeepEqual((await canvases(page))[0], before[0], "the line is gone from the picture");
};

const nothingSticksOut = async (page) => {
  const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= room, `the page is ${wide} wide in a window of ${room}`);
};

const says = async (page, ...texts) => {
  const body = await page.locator("body").innerText();
  for (const text of texts) assert.ok(body.includes(text), `the page does not say: ${text}`);
};

const CASES = {
  pass: async (page, folder) => {
    await says(page, "limits kept", "Nothing: no outage", "Run it again", "floodmark run pass.toml --seed 1");
    await drawsWhatTheFilesSay(page, folder, "orders");
    await aLegendHidesItsLine(page);
  },
  outage: async (page, folder) => {
    await says(page, "FAIL", "end_to_end_p99", "no acknowledgements", "BROKEN", "recovered");
    await drawsWhatTheFilesSay(page, folder, "orders");
    await marksWhatHappened(page, folder);
  },
  killed: async (page, folder) => {
    await says(page, "VOID", "The run was killed or is still going");
    await drawsWhatTheFilesSay(page, folder, "orders");
  },
  stages: async (page, folder) => {
    await page.locator("#place").selectOption({ label: "orders at input" });
    await drawsWhatTheFilesSay(page, folder, "orders", "input");
    await page.locator("#place").selectOption({ label: "orders at again" });
    await drawsWhatTheFilesSay(page, folder, "orders", "again");
    await page.locator("#place").selectOption({ label: "clicks" });
    await drawsWhatTheFilesSay(page, folder, "clicks");
    await says(page, "what engines would drop", "flink, tumbling 2s");
  },
  hostile: async (page, folder) => {
    const name = JSON.parse(fs.readFileSync(path.join(folder, "summary.json"), "utf8")).streams[0].name;
    await drawsWhatTheFilesSay(page, folder, name);
    await says(page, "<script>window.hurt = 1</script>");
    assert.equal(await page.evaluate(() => globalThis.hurt), undefined, "a name ran as a script");
    assert.equal(await page.locator("img").count(), 0);
    assert.ok(!/[\u001b\u202e\u2028]/.test(await page.content()), "a name keeps what a screen obeys");
  },
  second: async (page, folder) => {
    const shows = (label) => page.locator("#place").selectOption({ label });
    await shows("one");
    await drawsWhatTheFilesSay(page, folder, "one");
    const { p50, max } = await seriesOf(page, "Latency due → consumed");
    assert.ok(p50.filter((value) => value != null).length === 1 && p50[0] === max[0], `${p50} ${max}`);
    await shows("thousand");
    await drawsWhatTheFilesSay(page, folder, "thousand");
    await shows("nowhere");
    await drawsTheRates(page, folder, "nowhere");
    await says(page, "Latency due → consumed: events were acknowledged, and no delivery was seen.");
    assert.ok(!(await titles(page)).includes("Latency due → consumed"), "no chart of nothing");
    assert.ok((await titles(page)).includes("Latency sent → acked"));
  },
  merged: async (page, folder) => {
    await drawsWhatTheFilesSay(page, folder, "orders");
    await says(page, "Run it again");
  },
  many: async (page, folder) => {
    // Which one is shown first depends on what happened to them.
    await page.locator("#place").selectOption({ label: "s1" });
    await drawsWhatTheFilesSay(page, folder, "s1");
    await page.locator("#place").selectOption({ label: "s200" });
    await drawsWhatTheFilesSay(page, folder, "s200");
  },
  long: async (page, folder) => {
    await drawsThinned(page, folder, "s1");
    await says(page, "Each point stands for ");
    const bytes = fs.statSync(path.join(folder, "report.html")).size;
    assert.ok(bytes < 5e6, `the page has ${bytes} bytes`);
  },
};

const isDrawn = (page, name) => {
  if (name in NIGHTS) return everyNightIsDrawn(page);
  if (name in SWEEPS) return everyCombinationIsDrawn(page);
  return name in SEARCHES ? everyKneeIsDrawn(page) : everyCanvasShowsSomething(page);
};

const pictures = async (browser, name) => {
  for (const look of Object.keys(LOOKS)) {
    const { page, told } = await opened(browser, name, look);
    await nothingSticksOut(page);
    await isDrawn(page, name);
    if (keep === "yes") await page.screenshot({ path: path.join(root, `${name}-${look}.png`), fullPage: true });
    if (look === "dark") {
      const paper = await page.pdf({ format: "A4", ...(keep === "yes" && { path: path.join(root, `${name}.pdf`) }) });
      assert.ok(paper.length > 10_000);
    }
    assert.deepEqual(told, [], `${name}, ${look}`);
    await page.close();
  }
};

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
const cases = { ...CASES, ...SEARCHES, ...SWEEPS, ...NIGHTS };
const waiting = Object.entries(cases);
let failed = 0;

// Looks at one case after the other, as long as there are any.
const look = async () => {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const [name, check] = next;
    try {
      const { page, told } = await opened(browser, name, "light");
      await isDrawn(page, name);
      await check(page, path.join(root, name));
      assert.deepEqual(told, [], "errors and requests");
      await page.close();
      await pictures(browser, name);
      console.log(`ok      ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name}: ${error.message}`);
    }
  }
};

await Promise.all([look(), look()]);
await browser.close();
console.log(`${Object.keys(cases).length - failed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
