// What the page of a suite's nights must show: each figure's numbers at the places that the axis gives them, and what was said of them.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { numberOf, placeOf } from "./searches.mjs";

// The pictures: their marks, points and edges, in pixels of the picture.
const pictures = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll("svg.nights")].map((svg) => {
      const box = svg.viewBox.baseVal;
      const texts = [...svg.querySelectorAll("text")].map((text) => ({ text: text.textContent, isUp: text.getAttribute("text-anchor") === "end" && Number(text.getAttribute("x")) < 60, y: Number(text.getAttribute("y")), box: text.getBBox() }));
      const inside = ({ box: { x, y, width, height } }) => x >= -0.5 && y >= -0.5 && x + width <= box.width + 0.5 && y + height <= box.height + 0.5;
      const points = [...svg.querySelectorAll(".points > *")].map((point) => {
        const circle = point.querySelector("circle");
        return { page: point.href && new URL(point.getAttribute("href"), location.href).href, title: point.querySelector("title").textContent, kind: (circle ?? point.querySelector(".void")).getAttribute("class"), y: circle && Number(circle.getAttribute("cy")), colour: circle && getComputedStyle(circle).fill };
      });
      return { points, up: texts.filter(({ isUp }) => isUp).map(({ text, y }) => [text, y - 4]), cut: texts.filter((text) => !inside(text)).map(({ text }) => text), marks: [...svg.querySelectorAll(".mark")].map((mark) => [mark.classList[1], mark.querySelector("title").textContent]) };
    }),
  );

// Figures lie close together here, and marks alone do not tell whether steps or ratios lie between them.
const isAt = (marks, value, y, what) => {
  const places = [true, false].map((isRatio) => placeOf(marks, value, isRatio));
  assert.ok(places.some((place) => Math.abs(place - y) < 1.5), `${what}: drawn at ${y}, and the axis has ${value} at ${places}`);
};

const KINDS = { worse: "worse", still_worse: "worse", better: "better", suspect: "suspect", too_few_nights: "few", not_measured: "void" };

const drawsTheNights = async (page, told) => {
  const drawn = await pictures(page);
  assert.equal(drawn.length, told.figures.length, "a picture for each figure");
  drawn.forEach(({ points, up, marks }, at) => {
    const figure = told.figures[at];
    const what = (night) => `${figure.figure} in night ${told.nights[night].night}`;
    assert.equal(points.length, told.nights.length);
    points.forEach(({ title, kind, y }, night) => {
      const { value, judged } = figure.points[night];
      assert.ok(title.startsWith(told.nights[night].night), title);
      const isChanged = figure.changes.some(({ from, to }) => from <= night && night <= to);
      if (!isChanged) assert.equal(kind, KINDS[judged] ?? "", what(night));
      if (value == null) assert.equal(y, null, `${what(night)} has no number`);
      else isAt(up, value, y, what(night));
    });
    assert.equal(marks.filter(([kind]) => kind === "worse").length, figure.changes.filter(({ is_worse }) => is_worse).length);
    assert.equal(marks.filter(([kind]) => kind === "accepted").length, figure.accepted.length);
    assert.equal(marks.filter(([kind]) => kind === "begins").length, figure.begins.length);
    const upwards = up.map(([text, y]) => [numberOf(text), y]).sort(([one], [other]) => one - other);
    assert.ok(upwards.length > 1 && upwards.every(([, y], at) => at === 0 || y < upwards[at - 1][1]), `more is higher: ${up}`);
  });
  assert.equal(await page.locator("#nights tbody tr").count(), told.nights.length);
};

const leadsToTheRuns = async (page, folder, told) => {
  const drawn = await pictures(page);
  drawn.forEach(({ points }, at) =>
    points.forEach(({ page }, night) => {
      const { run } = told.figures[at].points[night];
      assert.equal(page ? path.relative(folder, path.dirname(fileURLToPath(page))) : null, run);
      if (page) assert.ok(fs.existsSync(fileURLToPath(page)), page);
    }),
  );
  const cleaned = drawn[0].points.filter(({ page }) => !page).length;
  assert.ok(cleaned > 0 && cleaned < told.nights.length, `${cleaned} nights without a link`);
};

export const everyNightIsDrawn = async (page) => {
  const drawn = await pictures(page);
  assert.ok(drawn.length >= 4, `${drawn.length} pictures`);
  for (const { points, cut } of drawn) {
    assert.ok(points.length > 30);
    assert.deepEqual(cut, [], "names that leave the picture");
  }
  assert.ok(new Set(drawn.flatMap(({ points }) => points.map(({ colour }) => colour))).size >= 4, "worse, better, suspect and others in colours of their own");
};

const says = async (page, ...texts) => {
  const body = await page.locator("body").innerText();
  for (const text of texts) assert.ok(body.includes(text), `the page does not say: ${text}`);
};

const toldOf = (folder) => JSON.parse(fs.readFileSync(path.join(folder, "told.json"), "utf8"));

export const NIGHTS = {
  nights: async (page, folder) => {
    const told = toldOf(folder);
    await drawsTheNights(page, told);
    await leadsToTheRuns(page, folder, told);
    await says(page, "REGRESSION", "average, orders, phase peak: end_to_end_p99 is ", "worse since night 2026-02-06.", "better since night", "the topic has six partitions now", "no run of average counts", "librdkafka");
    const [first] = await page.locator("#figures h3").allInnerTexts();
    assert.equal(first, "average, orders, phase peak", "what is worse comes first");
  },
  "nights-hostile": async (page, folder) => {
    await drawsTheNights(page, toldOf(folder));
    await says(page, "<script>window.hurt = 1</script>");
    assert.equal(await page.evaluate(() => globalThis.hurt), undefined, "a name ran as a script");
    assert.equal(await page.locator("img").count(), 0);
    assert.ok(!/[\u001b\u202e\u2028]/.test(await page.content()), "a name keeps what a screen obeys");
  },
};
