// What the page of a search must show: each measured trial at the place that the axes' own marks give it.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const UNITS = { ns: 1e-6, "µs": 1e-3, ms: 1, s: 1000, "k/s": 1000, "M/s": 1e6, "/s": 1, x: 1, k: 1000, M: 1e6, "": 1 };

export const numberOf = (text) => {
  const [, digits, unit] = text.match(/^([\d.,]+)\s?(\D*)$/) ?? assert.fail(`no figure: ${text}`);
  return Number(digits.replaceAll(",", "")) * (UNITS[unit] ?? assert.fail(`no unit: ${text}`));
};

// The drawings that are shown now: their marks, dots and edges, in pixels of the drawing.
const drawings = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll("svg.knee")].filter((svg) => getComputedStyle(svg).display !== "none").map((svg) => {
      const box = svg.viewBox.baseVal;
      const texts = [...svg.querySelectorAll("text")].map((text) => ({ text: text.textContent, kind: text.getAttribute("class"), anchor: text.getAttribute("text-anchor"), x: Number(text.getAttribute("x")), y: Number(text.getAttribute("y")), box: text.getBBox() }));
      const inside = ({ box: { x, y, width, height } }) => x >= -0.5 && y >= -0.5 && x + width <= box.width + 0.5 && y + height <= box.height + 0.5;
      const [left, top, bottom, right] = svg.querySelector(".axis").getAttribute("d").match(/[\d.]+/g).map(Number);
      const dots = [...svg.querySelectorAll("g.dot")].map((dot) => {
        const [x, y] = dot.getAttribute("transform").match(/[\d.]+/g).map(Number);
        return { x, y, kinds: [...dot.classList], title: dot.querySelector("title").textContent, page: dot.closest("a")?.getAttribute("href") };
      });
      const plain = texts.filter(({ kind }) => !kind);
      return {
        dots,
        across: plain.filter(({ anchor }) => anchor === "middle").map(({ text, x }) => [text, x]),
        up: plain.filter(({ anchor }) => anchor === "end").map(({ text, y }) => [text, y - 4]),
        cut: texts.filter((text) => !inside(text)).map(({ text }) => text),
        outside: dots.filter(({ x, y }) => x < left || x > right || y < top || y > bottom).length,
        colours: new Set([...svg.querySelectorAll("g.dot.main")].map((dot) => getComputedStyle(dot).stroke)).size,
      };
    }),
  );

// Where a figure is by the outermost marks of its axis: even steps, or even ratios.
export const placeOf = (marks, figure, isRatio) => {
  const [[from, a], [to, b]] = [marks[0], marks.at(-1)].map(([text, at]) => [numberOf(text), at]);
  const by = isRatio ? Math.log : (number) => number;
  return a + ((by(figure) - by(from)) / (by(to) - by(from))) * (b - a);
};

// Whether the marks between the outermost ones stand where ratios have them.
const isOfRatios = (marks) => marks.slice(1, -1).every(([text, at]) => Math.abs(placeOf(marks, numberOf(text), true) - at) < 2);

const isAt = (marks, figure, at, what) => {
  const place = placeOf(marks, figure, isOfRatios(marks));
  assert.ok(Math.abs(place - at) < 3, `${what}: drawn at ${at}, and the axis has ${figure} at ${place}`);
};

const SHAPES = { pass: "passes", fail: "fails", invalid: "says-nothing" };

const drawsTheTrials = async (page, folder) => {
  const { trials } = JSON.parse(fs.readFileSync(path.join(folder, "capacity.json"), "utf8"));
  // What says nothing is drawn last.
  const counted = [true, false].flatMap((isValid) => trials.filter(({ length, outcome }) => length !== "warm_up" && (outcome !== "invalid") === isValid));
  const [latency, waiting, ...more] = await drawings(page);
  assert.equal(more.length, 0, "one size of each");
  const lines = [latency.dots.slice(0, counted.length), latency.dots.slice(counted.length), waiting.dots];
  const figures = [({ p99_ms }) => p99_ms, ({ p50_ms }) => p50_ms, ({ most_waiting }) => most_waiting];
  lines.forEach((dots, line) => {
    const { across, up } = line < 2 ? latency : waiting;
    assert.equal(dots.length, counted.length);
    dots.forEach(({ x, y, kinds }, at) => {
      const trial = counted[at];
      isAt(across, trial.offered_per_s, x, `the load of ${trial.folder}`);
      isAt(up, figures[line](trial.worst), y, `line ${line} of ${trial.folder}`);
      assert.ok(kinds.includes(SHAPES[trial.outcome]), `${kinds} of ${trial.folder}`);
    });
  });
};

const leadsToTheTrials = async (page, folder) => {
  const links = await page.locator("main a").evaluateAll((all) => all.map((link) => new URL(link.getAttribute("href"), location.href).href));
  const { trials } = JSON.parse(fs.readFileSync(path.join(folder, "capacity.json"), "utf8"));
  assert.equal(new Set(links).size, trials.length + 1, "a page for each trial, and for the burst");
  for (const link of links) assert.match(fs.readFileSync(fileURLToPath(link), "utf8"), /<section id="charts">/);
};

export const everyKneeIsDrawn = async (page) => {
  const drawn = await drawings(page);
  assert.ok(drawn.length === 2, `${drawn.length} charts`);
  for (const { dots, cut, outside, colours } of drawn) {
    assert.ok(dots.length > 2 && colours > 1, `${dots.length} points in ${colours} colours`);
    assert.deepEqual(cut, [], "names that leave the picture");
    assert.equal(outside, 0, "points outside of the axes");
  }
};

const says = async (page, ...texts) => {
  const body = (await page.locator("body").innerText()).toLowerCase();
  for (const text of texts) assert.ok(body.includes(text.toLowerCase()), `the page does not say: ${text}`);
};

export const SEARCHES = {
  search: async (page, folder) => {
    await says(page, "CAPACITY", "1,996/s (2x) to 2,086/s (2.09x), 4.5 % apart", "RED 2x is confirmed, 3x the peak (2,994/s) is needed: 33 % too little", "were gone after 20.4 s; arithmetic says 18.6 s to 21.5 s", "the limit may be its own: The generator was late", "end_to_end_p99 of orders at orders", "2 of 2 trials fail");
    await drawsTheTrials(page, folder);
    await leadsToTheTrials(page, folder);
  },
  "search-killed": async (page, folder) => {
    await says(page, "NOT FINISHED", "so far 2x passes", "goes on from the trials");
    await drawsTheTrials(page, folder);
  },
  "search-hostile": async (page, folder) => {
    await drawsTheTrials(page, folder);
    await says(page, "<script>window.hurt = 1</script>");
    assert.equal(await page.evaluate(() => globalThis.hurt), undefined, "a name ran as a script");
    assert.equal(await page.locator("img").count(), 0);
    assert.ok(!/[\u001b\u202e\u2028]/.test(await page.content()), "a name keeps what a screen obeys");
  },
};
