"""Ways to break the detector: scripts/prove-calibrate breaks it in each of them, and asks whether 'floodmark calibrate' finds that."""

import pathlib
import sys

# Name: the file, a text that stands in it once, and what stands there instead.
BREAKS = {
    "lost": ("src/check/reconcile.rs", "self.count_missing(&(&sends.acked - seen), reading, &mut counts, &mut whole.lost);", "self.count_missing(&(&sends.acked - seen), reading, &mut counts, &mut whole.lost); counts.lost = 0;"),
    "delivered": ("src/check/reconcile.rs", "delivered: seen.len() - impossible.len(),", "delivered: seen.len() - impossible.len() + 1,"),
    "duplicates": ("src/check/reconcile.rs", "counts.duplicates_accidental = beyond_first - counts.duplicates_injected;", "counts.duplicates_injected += beyond_first;"),
    "order": ("src/check/observer.rs", "ledger.reordered_accidental += counts.reordered_accidental;", ""),
    "phantoms": ("src/check/observer.rs", "Class::Phantom => counts.phantom += 1,", "Class::Phantom => {}"),
    "unreadable": ("src/check/observer.rs", "self.interval.counts.unreadable += 1;", ""),
    "latency": ("src/latency/hops.rs", "self.record_times(latency_ns, 1);", "self.record_times(latency_ns / 2, 1);"),
    "verdict": ("src/verdict/judge/counts.rs", "let ok = observed as f64 <= most;", "let ok = observed as f64 <= most || most == 0.0;"),
    "stalls": ("src/incidents/stalls.rs", "groups.iter().map(|group| incident(stream, stage, group)).collect()", "groups.iter().take(0).map(|group| incident(stream, stage, group)).collect()"),
    "outages": ("src/incidents/mod.rs", "for lasts in undelivered.iter().filter(|lasts| !known(lasts)) {", "for lasts in undelivered.iter().take(0).filter(|lasts| !known(lasts)) {"),
}


def apply(name, root):
    """Breaks the sources below `root`."""
    file, text, instead = BREAKS[name]
    path = pathlib.Path(root) / file
    source = path.read_text()
    if source.count(text) != 1:
        sys.exit("prove-calibrate: %s does not have `%s` once: the break `%s` has to be written anew" % (file, text, name))
    path.write_text(source.replace(text, instead))


if __name__ == "__main__":
    if sys.argv[1] == "names":
        print(" ".join(BREAKS))
    elif sys.argv[1] == "file":
        print(BREAKS[sys.argv[2]][0])
    else:
        apply(sys.argv[2], sys.argv[3])
