// What the page of a sweep must show: a point for each combination that was measured, at the place that the axes' own marks give it.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { placeOf } from "./searches.mjs";

const drawing = (page) =>
  page.evaluate(() => {
    const svg = document.querySelector("#picture svg");
    const [width, height] = [Number(svg.getAttribute("width")), Number(svg.getAttribute("height"))];
    const texts = [...svg.querySelectorAll("text")].map((text) => ({ text: text.textContent.trim(), anchor: text.getAttribute("text-anchor"), x: Number(text.getAttribute("x")), y: Number(text.getAttribute("y")), box: text.getBBox() }));
    const isCut = ({ box: { x, y, width: w, height: h } }) => x < -0.5 || y < -0.5 || x + w > width + 0.5 || y + h > height + 0.5;
    const dots = [...svg.querySelectorAll("circle")].map((dot) => ({ x: Number(dot.getAttribute("cx")), y: Number(dot.getAttribute("cy")) }));
    return { dots, texts, cut: texts.filter(isCut).map(({ text }) => text) };
  });

// Marks of an axis are figures; names are not.
const isFigure = ({ text }) => /^[\d.,]+\s?\D{0,4}$/.test(text);
const marks = (texts, anchor, at) => texts.filter((text) => text.anchor === anchor && isFigure(text)).map((text) => [text.text, text[at]]);

export const everyCombinationIsDrawn = async (page) => {
  const { dots, cut } = await drawing(page);
  assert.ok(dots.length > 0, "points");
  assert.deepEqual(cut, [], "names that leave the picture");
};

const drawsTheCombinations = async (page, folder) => {
  const { found, combinations } = JSON.parse(fs.readFileSync(path.join(folder, "sweep.json"), "utf8"));
  const { dots, texts } = await drawing(page);
  const measured = found.points.filter(({ figures }) => figures.end_to_end_p99_ms);
  assert.equal(dots.length, measured.length, "a point for each combination");
  const isCpu = texts.some(({ text }) => text === "CPU per event");
  const [across, up] = [marks(texts, "middle", "x"), marks(texts, "end", "y")];
  measured.forEach(({ figures }, at) => {
    // The figures of CPU are in µs, the marks in ms or below.
    const figure = isCpu ? figures.cpu_us_per_event.center / 1000 : figures.delivered_per_s.center;
    const [x, y] = [placeOf(across, figure, false), placeOf(up, figures.end_to_end_p99_ms.center, false)];
    assert.ok(Math.abs(dots[at].x - x) < 3 && Math.abs(dots[at].y - y) < 3, `point ${at}: drawn at ${dots[at].x}, ${dots[at].y}, and the axes have it at ${x}, ${y}`);
  });
  assert.equal(await page.locator("#points tbody tr").count(), combinations.length, "a row for each combination");
};

const tellsWhatBuysHowMuch = async (page, folder) => {
  const { found, keys } = JSON.parse(fs.readFileSync(path.join(folder, "sweep.json"), "utf8"));
  assert.equal(await page.locator("#effects tbody tr").count(), found.effects.length);
  const body = await page.locator("body").innerText();
  for (const { name, values } of keys) for (const text of [name, ...values]) assert.ok(body.includes(text), `the page does not say: ${text}`);
};

export const SWEEPS = {
  sweep: async (page, folder) => {
    await drawsTheCombinations(page, folder);
    await tellsWhatBuysHowMuch(page, folder);
  },
};
