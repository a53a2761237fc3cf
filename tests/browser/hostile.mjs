// Gives a run's stream a name that tries everything: markup, a script's end, escape sequences, quotes, and a length of 10 kB.
import fs from "node:fs";
import path from "node:path";

const folder = process.argv[2];
const NAME = `<script>window.hurt = 1</script></script><img src=x onerror="window.hurt=1">'"&\u001b[2J\u202e\u2028{{ 7 * 7 }}${"long".repeat(2500)}`;

const edit = (name, change) => {
  const file = path.join(folder, name);
  fs.writeFileSync(file, change(fs.readFileSync(file, "utf8")));
};

edit("summary.json", (text) => {
  const summary = JSON.parse(text);
  summary.run.profile = summary.run.id = NAME;
  for (const reason of summary.reasons) reason.text += NAME;
  for (const event of summary.events) event.stream = NAME;
  for (const stream of summary.streams) stream.name = stream.topic = NAME;
  return JSON.stringify(summary);
});
edit("timeline.csv", (text) => text.replaceAll(",orders,", `,"${NAME.replaceAll('"', '""')}",`));
edit("manifest.toml", (text) =>
  text.replace(/^(run_id|profile_name|floodmark|fingerprint) = .*$/gm, (line, key) => `${key} = ${JSON.stringify(NAME)}`).replaceAll("\\u2028", "\u2028"));
for (const name of fs.readdirSync(folder).filter((name) => name.endsWith(".hlog"))) {
  edit(name, (text) => text.replace("#[Stream: orders]", `#[Stream: ${NAME}]`));
}
