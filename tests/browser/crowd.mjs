// Makes a run of a few streams one of many: each stream of it is there many times, under other names.
import fs from "node:fs";
import path from "node:path";

const [few, folder, count] = process.argv.slice(2);
const read = (name) => fs.readFileSync(path.join(few, name), "utf8");
const write = (name, text) => fs.writeFileSync(path.join(folder, name), text);

const summary = JSON.parse(read("summary.json"));
const streams = summary.streams;
const crowd = Array.from({ length: Number(count) }, (_, at) => [`s${at + 1}`, streams[at % streams.length]]);

fs.mkdirSync(folder);
write("manifest.toml", read("manifest.toml"));
write("summary.json", JSON.stringify({ ...summary, streams: crowd.map(([name, like]) => ({ ...like, name })) }));

const [heads, ...rows] = read("timeline.csv").trimEnd().split("\n");
const place = heads.split(",").indexOf("stream");
const named = rows.map((row) => row.split(",")).flatMap((cells) => crowd.filter(([, like]) => like.name === cells[place]).map(([name]) => [...cells.slice(0, place), name, ...cells.slice(place + 1)].join(",")));
write("timeline.csv", [heads, ...named].join("\n") + "\n");

for (const file of fs.readdirSync(few).filter((name) => name.endsWith(".hlog"))) {
  const [stream] = file.split(/[.@]/, 1);
  const log = read(file);
  for (const [name] of crowd.filter(([, like]) => like.name === stream)) write(name + file.slice(stream.length), log.replace(`#[Stream: ${stream}]`, `#[Stream: ${name}]`));
}
