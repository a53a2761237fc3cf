"use strict";
// Draws the charts of a run from the figures in the page. Loads nothing.
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const drawn = document.getElementById("drawn");
  const choice = document.getElementById("place");
  if (!drawn || !choice || figures.places.length === 0) return;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const SYNC = uPlot.sync("time");
  let charts = [];

  // Numbers, in the words of the tables.

  const trimmed = (value) => {
    const size = Math.abs(value);
    const text = value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
    return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  };
  const count = (value) => value == null ? "–" : value >= 100 ? Math.round(value).toLocaleString("en-US") : trimmed(value);
  const short = (value) => {
    const size = Math.abs(value);
    if (size >= 1e9) return trimmed(value / 1e9) + "G";
    if (size >= 1e6) return trimmed(value / 1e6) + "M";
    if (size >= 1e3) return trimmed(value / 1e3) + "k";
    return trimmed(value);
  };
  const latency = (ms) => {
    if (ms == null) return "–";
    const size = Math.abs(ms);
    if (size >= 999.5) return trimmed(ms / 1e3) + " s";
    if (size >= 0.9995) return trimmed(ms) + " ms";
    if (size >= 0.0009995) return trimmed(ms * 1e3) + " µs";
    return size === 0 ? "0" : trimmed(ms * 1e6) + " ns";
  };
  const two = (value) => String(value).padStart(2, "0");
  const moment = (seconds) => {
    if (seconds == null) return "–";
    const whole = Math.floor(seconds), hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
    return hours > 0 ? hours + ":" + two(minutes) + ":" + two(whole % 60) : minutes + ":" + two(whole % 60);
  };

  // What lies behind the lines: what happened, and the limits.

  // Paints on a chart, within its frame, and leaves the pen as it was.
  const inside = (paint) => (u) => {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    paint(u, ctx, bbox);
    ctx.restore();
  };

  const ZONES = { no_acknowledgements: "bad", no_deliveries: "bad", limit_broken: "bad", partition_stalled: "doubt", leader_moved: "doubt", rebalanced: "doubt", throttled: "doubt", saturation: "doubt", backlog: "doubt", scale_up: "doubt", recovered: "good" };

  // From where to where something lasted.
  const lasts = (u, event) => [event.from_s, event.to_s ?? u.scales.x.max].map((at) => u.valToPos(at, "x", true));

  const zones = (place) => inside((u, ctx, bbox) => {
    for (const event of place.events) {
      if (event.kind === "fault") continue;
      const [from, to] = lasts(u, event);
      ctx.fillStyle = colour("zone-" + (ZONES[event.kind] ?? "doubt"));
      ctx.fillRect(from, bbox.top, Math.max(to - from, 2), bbox.height);
    }
  });

  // What was broken on purpose: a bar along the top while it was, a line where it begins and ends, and what it is.
  const faults = (place) => inside((u, ctx, bbox) => {
    ctx.strokeStyle = ctx.fillStyle = colour("part");
    ctx.lineWidth = devicePixelRatio;
    ctx.font = 11 * devicePixelRatio + "px system-ui, sans-serif";
    ctx.textAlign = "left";
    for (const event of place.events.filter((event) => event.kind === "fault")) {
      const [from, to] = lasts(u, event);
      ctx.fillRect(from, bbox.top, Math.max(to - from, 2), 4 * devicePixelRatio);
      for (const x of [from, to]) {
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
      }
      ctx.fillText(event.text.replace(", on purpose", "").slice(0, 40), from + 4 * devicePixelRatio, bbox.top + 26 * devicePixelRatio);
    }
  });

  // A thin line where each phase begins, and its name beside it where there is room.
  const phases = (place) => inside((u, ctx, bbox) => {
    ctx.strokeStyle = ctx.fillStyle = colour("faint");
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.font = 11 * devicePixelRatio + "px system-ui, sans-serif";
    ctx.textAlign = "left";
    let free = -Infinity;
    for (const phase of place.phases) {
      const x = u.valToPos(phase.from_s, "x", true);
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      const name = phase.name.slice(0, 24);
      if (x < free) continue;
      ctx.fillText(name, x + 4 * devicePixelRatio, bbox.top + 12 * devicePixelRatio);
      free = x + ctx.measureText(name).width + 12 * devicePixelRatio;
    }
  });

  const limits = (place) => (u) => {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = colour("bad");
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.font = 11 * devicePixelRatio + "px system-ui, sans-serif";
    ctx.textAlign = "right";
    for (const limit of place.limits) {
      const y = u.valToPos(limit.ms, "y", true);
      if (!(y > bbox.top && y < bbox.top + bbox.height)) continue;
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      ctx.fillText("limit " + limit.name.replace("end_to_end_", "") + " " + latency(limit.ms), bbox.left + bbox.width - 4, y - 4 * devicePixelRatio);
    }
    ctx.restore();
  };

  // Axes and series.

  const axis = (more) => ({
    stroke: colour("faint"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line"), width: 1 },
    font: "12px system-ui, sans-serif", labelFont: "12px system-ui, sans-serif", ...more,
  });
  const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
  const time = () => axis({ label: "minutes:seconds from the start", labelSize: 20, size: 32, incrs: STEPS, space: 60, values: (u, all) => all.map(moment) });
  const upright = (label, values) => axis({ label, labelSize: 20, size: 62, space: 26, values: (u, all) => all.map((value) => value == null ? "" : values(value)) });
  const line = (label, name, value, more) => ({ label, stroke: colour(name), width: 1.5, value: (u, number) => value(number), points: { size: 5 }, ...more });
  // Between two columns a line on a logarithmic axis has to stay above nothing.
  const above = (values) => values.map((value) => value == null ? null : Math.max(value, 0.001));
  const range = (u, least, most) => {
    if (least == null) return [0.01, 10];
    return [10 ** Math.floor(Math.log10(least)), 10 ** Math.ceil(Math.log10(most * 1.02))];
  };
  // Powers of ten, and 2 and 5 times them where those alone would be few.
  const decades = (u) => {
    const { min, max } = u.scales.y;
    const all = (steps) => {
      const found = [];
      for (let power = Math.floor(Math.log10(min)); power <= Math.log10(max); power++) {
        for (const step of steps) found.push(step * 10 ** power);
      }
      return found.filter((value) => value >= min * 0.999 && value <= max * 1.001);
    };
    const tens = all([1]);
    return tens.length > 3 ? tens : all([1, 2, 5]);
  };
  const log = (label) => ({ ...upright(label, latency), splits: decades, filter: (u, all) => all });
  const width = (parent) => Math.max(Math.floor(parent.getBoundingClientRect().width), 240);

  const say = (parent, text) => {
    const sentence = document.createElement("p");
    sentence.className = "empty";
    sentence.textContent = text;
    parent.append(sentence);
  };

  const draw = (parent, title, options, data) => {
    const holder = document.createElement("div");
    holder.className = "chart";
    const heading = document.createElement("h3");
    heading.textContent = title;
    holder.append(heading);
    parent.append(holder);
    if (!data.slice(1).some((values) => values.some((value) => value != null))) {
      say(holder, "Nothing was measured.");
      return null;
    }
    const chart = new uPlot({ width: width(holder), height: 230, legend: { live: true }, ...options }, data, holder);
    chart.titleOf = title;
    charts.push(chart);
    return chart;
  };

  // Every chart over time ends where the last second does.
  const end = (place) => place.x[place.x.length - 1] + figures.width_s;
  const overTime = (place, columns) => [[...place.x, end(place)], ...columns.map((values) => [...values, null])];

  const timed = (place, options) => ({
    cursor: { sync: { key: SYNC.key, setSeries: false, scales: ["x", null] }, drag: { x: true, y: false } },
    ...options,
    scales: { x: { time: false, range: (u, least, most) => least === most ? [least - 1, most + 1] : [least, most] }, ...options.scales },
    hooks: { ...options.hooks, drawClear: [zones(place), faults(place), phases(place)].concat(options.hooks?.drawClear ?? []) },
  });
  const seconds = { label: "at", value: (u, value) => moment(value) };

  // The charts.

  const rates = (parent, place) => {
    const { counts } = place;
    const perSecond = (values) => values.map((value, at) => value == null ? null : value / counts.seconds[at]);
    const rate = (value) => value == null ? "–" : count(value) + "/s";
    const series = [
      line("offered", "offered", rate, { dash: [6, 4] }), line("sent", "sent", rate), line("acked", "acked", rate), line("delivered", "delivered", rate, { width: 2 }),
    ];
    const data = [counts.offered, counts.sent, counts.acked, counts.delivered].map(perSecond);
    for (const name of ["failed", "dropped"]) {
      if (counts[name].some((value) => value > 0)) {
        series.push(line(name, "worst", rate, { dash: name === "failed" ? [] : [2, 3] }));
        data.push(perSecond(counts[name]));
      }
    }
    draw(parent, "Rates", timed(place, {
      series: [seconds, ...series], axes: [time(), upright("events per second", short)], scales: { y: { range: { min: { soft: 0, mode: 1 }, max: { pad: 0.1 } } } },
    }), overTime(place, data));
  };

  const waiting = (parent, place) => {
    const { counts } = place;
    draw(parent, "Waiting", timed(place, {
      series: [seconds, line("sent, not acked", "acked", count), line("acked, not seen", "warm", count, { width: 2 })],
      axes: [time(), upright("events", short)], scales: { y: { range: (u, least, most) => [0, Math.max(most * 1.1, 1)] } }, height: 180,
    }), overTime(place, [counts.unacked, counts.unseen]));
  };

  const percentiles = (parent, place, hop, isWhole) => {
    const name = isWhole ? "delivered" : "acked";
    const band = (above, below, share) => ({ series: [above, below], fill: faded(colour(name), share) });
    // Where a point stands for several seconds, the p99 of all their events may hide that of a bad one.
    const worst = hop.worst_p99 ? [line("worst second's p99", "warm", latency, { width: 1, dash: [6, 4] })] : [];
    draw(parent, "Latency " + hop.name, timed(place, {
      series: [
        seconds, line("max", "worst", latency, { width: 1, dash: [2, 3] }), line("p99", "warm", latency), line("p90", name, latency, { width: 1 }), line("p50", name, latency, { width: 2 }),
        ...worst,
      ],
      bands: [band(2, 3, 0.16), band(3, 4, 0.32)],
      axes: [time(), log("latency")], scales: { y: { distr: 3, range } }, height: isWhole ? 260 : 200,
      hooks: isWhole ? { draw: [limits(place)] } : {},
    }), overTime(place, [hop.max, hop.p99, hop.p90, hop.p50, ...(hop.worst_p99 ? [hop.worst_p99] : [])].map(above)));
  };

  const faded = (hex, share) => {
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    return `rgba(${red}, ${green}, ${blue}, ${share})`;
  };

  const heat = (parent, place, hop) => {
    const edge = (row) => figures.least_ms * 10 ** (row / figures.cells_per_decade);
    let most = 1, lowest = Infinity, highest = 0;
    for (const [, rows] of hop.columns) {
      for (const [row, events] of Object.entries(rows)) {
        most = Math.max(most, events);
        lowest = Math.min(lowest, Number(row));
        highest = Math.max(highest, Number(row));
      }
    }
    const cells = inside((u, ctx) => {
      for (const [start, rows] of hop.columns) {
        const left = Math.round(u.valToPos(start, "x", true)), right = Math.round(u.valToPos(start + hop.column_s, "x", true));
        for (const [row, events] of Object.entries(rows)) {
          const top = Math.round(u.valToPos(edge(Number(row)), "y", true)), bottom = Math.round(u.valToPos(edge(Number(row) - 1), "y", true));
          ctx.fillStyle = faded(colour("acked"), 0.12 + 0.88 * Math.log1p(events) / Math.log1p(most));
          ctx.fillRect(left, top, Math.max(right - left, 1), Math.max(bottom - top, 1));
        }
      }
    });
    draw(parent, "Heat map of latency " + hop.name + ": the darker, the more events", timed(place, {
      series: [seconds, { label: "events", show: true, stroke: "transparent", points: { show: false }, value: () => "" }],
      legend: { show: false }, axes: [time(), log("latency")], scales: { y: { distr: 3, range: () => [edge(lowest - 1), edge(highest)] } }, height: 220, hooks: { draw: [cells] },
    }), [[place.x[0], end(place)], [edge(lowest), edge(lowest)]]);
  };

  const distribution = (parent, place) => {
    const names = ["delivered", "acked", "sent", "offered"];
    const tables = place.hops.map((hop) => [hop.curve.map(([nines]) => nines), hop.curve.map(([, ms]) => Math.max(ms, 0.001))]);
    if (!tables.length) return;
    const share = (nines) => nines == null ? "–" : (100 * (1 - 10 ** -nines)).toFixed(Math.max(0, Math.ceil(nines) - 2)).replace(/^100\.?0*$/, "100") + " %";
    const data = uPlot.join(tables);
    draw(parent, "Distribution: how many events were within which latency", {
      cursor: { drag: { x: true, y: false } },
      series: [{ label: "of events", value: (u, value) => share(value) }, ...place.hops.map((hop, at) => line(hop.name, names[at % 4], latency, { spanGaps: true, dash: at === 3 ? [6, 4] : [] }))],
      axes: [
        axis({ label: "share of events", labelSize: 20, size: 32, splits: (u) => Array.from({ length: Math.ceil(u.scales.x.max) + 1 }, (_, at) => at), values: (u, all) => all.map(share) }),
        log("latency"),
      ],
      scales: { x: { time: false, range: (u, least, most) => [least ?? 0, Math.max(most ?? 1, 1)] }, y: { distr: 3, range } }, height: 240, padding: [null, 26, null, null],
    }, data);
  };

  // Why there is no end-to-end latency.
  const why = ({ counts }) => {
    if (counts.delivered.some((value) => value > 0)) return "no event was timed after the warm-up.";
    if (counts.acked.some((value) => value > 0)) return "events were acknowledged, and no delivery was seen.";
    return "no acknowledgement and no delivery was seen.";
  };

  const show = () => {
    charts.forEach((chart) => chart.destroy());
    charts = [];
    drawn.textContent = "";
    const place = figures.places[Number(choice.value) || 0];
    if (!place.x.length) {
      say(drawn, "No second of " + place.name + " was recorded: there is nothing to draw.");
      return;
    }
    const [first, ...others] = place.hops;
    rates(drawn, place);
    waiting(drawn, place);
    const whole = first && first.name === "due → consumed";
    if (whole) {
      percentiles(drawn, place, first, true);
      heat(drawn, place, first);
    } else {
      say(drawn, "Latency due → consumed: " + why(place));
    }
    const pair = document.createElement("div");
    pair.className = "pair";
    drawn.append(pair);
    for (const hop of whole ? others : place.hops) percentiles(pair, place, hop, false);
    distribution(drawn, place);
  };

  const fit = () => charts.forEach((chart) => {
    const wanted = width(chart.root.parentElement);
    if (wanted !== chart.width) chart.setSize({ width: wanted, height: chart.height });
  });

  choice.addEventListener("change", show);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  new ResizeObserver(fit).observe(drawn);
  // Paper is light.
  const printed = (is) => () => {
    document.documentElement.classList.toggle("printed", is);
    show();
  };
  addEventListener("beforeprint", printed(true));
  addEventListener("afterprint", printed(false));
  show();
  // For tests, and for whoever looks into the page's figures with the browser's own tools.
  globalThis.floodmark = { figures, charts: () => charts };
})();
