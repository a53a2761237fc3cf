// Opens the reports of scripts/prove-pages in Chromium: what is drawn is what the runs' files say, and nothing is loaded.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

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
  const cells = (line) => [...line.matchAll(/(?:^|,)("(?:[^"]|"")*"|[^,]*)/g)].map(([, cell]) => cell.replace(/^"|"$/g, "").replaceAll('""', '"'));
  const heads = cells(lines[0]);
  return lines.slice(1).map((line) => Object.fromEntries(cells(line).map((cell, at) => [heads[at], cell])));
};

// The series of a chart as it is drawn now, by their labels.
const seriesOf = (page, title) =>
  page.evaluate((wanted) => {
    const chart = floodmark.charts().find((chart) => chart.titleOf === wanted);
    return Object.fromEntries(chart.series.map((series, at) => [series.label, [...chart.data[at]]]));
  }, title);

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
  await page.goto(pathToFileURL(path.join(root, name, "report.html")).href);
  await page.waitForFunction(() => globalThis.floodmark !== undefined);
  const own = told.shift();
  assert.match(own ?? "", /^request: file:.*report\.html$/);
  return { page, told };
};

const drawsWhatTheFilesSay = async (page, folder, stream, stage = "") => {
  const rows = rowsOf(folder).filter((row) => row.stream === stream && row.stage === stage);
  assert.ok(rows.length > 0, `${folder} has rows of ${stream}`);
  const rates = await seriesOf(page, "Rates");
  for (const [label, column] of [["offered", "offered_per_s"], ["sent", "sent_per_s"], ["acked", "acked_per_s"], ["delivered", "delivered_per_s"]]) {
    assert.deepEqual(rates[label].slice(0, rows.length), rows.map((row) => Number(row[column])), `${label} of ${stream} ${stage}`);
  }
  const waiting = await seriesOf(page, "Waiting");
  assert.deepEqual(waiting["sent, not acked"].slice(0, rows.length), rows.map((row) => Number(row.outstanding)));
  const latency = await seriesOf(page, "Latency due → consumed");
  rows.forEach((row, at) => {
    const [drawn, written] = [latency.p99[at], row.due_to_consumed_p99_ms];
    assert.equal(drawn == null, written === "", `p99 of second ${at}: ${drawn} and ${written}`);
    if (written !== "") assert.ok(Math.abs(drawn - Number(written)) <= Number(written) * 0.001 + 0.001, `p99 of second ${at}: ${drawn} and ${written}`);
  });
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
    const events = JSON.parse(fs.readFileSync(path.join(folder, "summary.json"), "utf8")).events;
    const marked = await page.evaluate(() => floodmark.figures.places[0].events.map(({ kind, from_s, to_s }) => [kind, from_s, to_s]));
    assert.deepEqual(marked, events.map(({ kind, from_s, to_s }) => [kind, from_s, to_s ?? null]));
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
  many: async (page, folder) => {
    await drawsWhatTheFilesSay(page, folder, "s1");
    await page.locator("#place").selectOption({ label: "s60" });
    await drawsWhatTheFilesSay(page, folder, "s60");
  },
};

const pictures = async (browser, name) => {
  for (const look of Object.keys(LOOKS)) {
    const { page, told } = await opened(browser, name, look);
    await nothingSticksOut(page);
    await everyCanvasShowsSomething(page);
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
let failed = 0;
for (const [name, check] of Object.entries(CASES)) {
  try {
    const { page, told } = await opened(browser, name, "light");
    await everyCanvasShowsSomething(page);
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
await browser.close();
console.log(`${Object.keys(CASES).length - failed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
