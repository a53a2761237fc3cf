"""The tables of scripts/prove-replay: a curve's counts, and the captured counts of its replay."""

import datetime
import json
import math
import os
import sys

COUNTS = "%-24s %7s %6s %9s %9s %9s %8s %8s %7s %8s %9s %10s  %s"
COUNTS_TITLES = ("curve", "buckets", "one is", "peak/mean", "planned", "captured", "equal", "max off", "of", "moved", "second", "sent p99", "complete?")
DISPERSION = "%-25s %-55s %s"


def moment(ms):
    text = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    return "%s.%03dZ" % (text, ms % 1000)


def curve(path):
    """The counts of a curve file, and the length of a bucket in seconds: the time from its first row to its second."""
    with open(path) as file:
        rows = [line.rstrip("\n").split(",") for line in file if line.strip() and not line.startswith("#")][1:]
    stamps = [datetime.datetime.fromisoformat(row[0].replace("Z", "+00:00")) for row in rows[:2]]
    return [float(row[1]) for row in rows], (stamps[1] - stamps[0]).total_seconds()


def pace(path, seconds, events):
    """The played length of a bucket, in milliseconds; the resulting speed and scale; the number of buckets."""
    counts, step_s = curve(path)
    step_ms = max(1, round(seconds * 1000 / len(counts)))
    scale = min(1.0, events / sum(counts))
    # Three digits are enough, and easier to compare.
    scale = scale if scale == 1.0 else float("%.3g" % scale)
    print(step_ms, repr(step_s * 1000 / step_ms), repr(scale), len(counts))


def planned(counts, scale):
    """Whole events per bucket: if the scale makes fractions, their sum is kept, to the nearest event."""
    total, before, whole = 0.0, 0, []
    for count in counts:
        total += count * scale
        now = math.ceil(total - 0.5)
        whole.append(now - before)
        before = now
    return whole


def counts_row(out, name, scale):
    wanted_counts, _ = curve(os.path.join(out, name + ".csv"))
    wanted = planned(wanted_counts, float(scale))
    back, step_s = curve(os.path.join(out, name + ".back.csv"))
    back += [0.0] * (len(wanted) - len(back))
    off = [abs(ours - theirs) for ours, theirs in zip(wanted, back)]
    worst = max(range(len(off)), key=off.__getitem__)
    with open(os.path.join(out, name + ".run", "summary.json")) as file:
        summary = json.load(file)
    row = {
        "curve": name, "buckets": len(wanted), "bucket_ms": round(step_s * 1000), "peak_over_mean": max(wanted) * len(wanted) / sum(wanted),
        "planned": sum(wanted), "captured": int(sum(back)), "equal": sum(value == 0 for value in off), "max_off": max(off), "max_off_of": wanted[worst],
        "moved": sum(off) / 2, "second_max_off": off_by_second(wanted, back, round(1 / step_s)), "acked": summary["totals"]["acked"],
    }
    row["complete"] = row["planned"] == row["captured"] == row["acked"]
    row["due_sent_p99_ms"] = summary["streams"][0]["latency_ms"]["due_to_sent"]["p99"]
    with open(os.path.join(out, "rows.json"), "a") as file:
        file.write(json.dumps(row) + "\n")
    print(COUNTS % (
        name, row["buckets"], "%d ms" % row["bucket_ms"], "%.1f" % row["peak_over_mean"], row["planned"], row["captured"],
        "%.2f %%" % (100 * row["equal"] / len(wanted)), "%d" % row["max_off"], "%d" % row["max_off_of"], "%.2f %%" % (100 * row["moved"] / row["planned"]),
        "%.2f %%" % (100 * row["second_max_off"]), "%.3f ms" % row["due_sent_p99_ms"], "yes" if row["complete"] else "no"), flush=True)


def off_by_second(wanted, back, buckets):
    """The largest error of a second of the replay, relative to its mean."""
    by_second = [(sum(wanted[at:at + buckets]), sum(back[at:at + buckets])) for at in range(0, len(wanted), buckets)]
    return max(abs(ours - theirs) for ours, theirs in by_second) / (sum(wanted) / len(by_second))


def dispersion(reference, name, what, *paths):
    """Variance over mean of the counts in windows of 1, 2, 5, ... buckets; the median over the paths, with minimum and maximum."""
    _, step_s = curve(reference)
    curves = [curve(path)[0] for path in paths]
    texts = []
    for window in (1, 2, 5, 10, 30, 60):
        values = sorted(index(counts, window) for counts in curves)
        middle = values[len(values) // 2]
        spread = " (%.2f-%.2f)" % (values[0], values[-1]) if len(values) > 1 else ""
        texts.append("%gs %.2f%s" % (window * step_s, middle, spread))
    print(DISPERSION % (name, what, "  ".join(texts)), flush=True)


def index(counts, window):
    sums = [sum(counts[at:at + window]) for at in range(0, len(counts) - window + 1, window)]
    mean = sum(sums) / len(sums)
    return sum((value - mean) ** 2 for value in sums) / (len(sums) - 1) / mean


def conclude(out):
    with open(os.path.join(out, "rows.json")) as file:
        rows = [json.loads(line) for line in file]
    complete = sum(row["complete"] for row in rows)
    print("%d of %d curves are captured with as many events as were planned and acknowledged" % (complete, len(rows)))
    sys.exit(0 if rows and complete == len(rows) else 1)


def main(command, *arguments):
    if command == "moment":
        print(moment(int(arguments[0])))
    elif command == "pace":
        pace(arguments[0], int(arguments[1]), int(arguments[2]))
    elif command == "counts-header":
        print(COUNTS % COUNTS_TITLES)
    elif command == "counts":
        counts_row(*arguments)
    elif command == "dispersion-header":
        print(DISPERSION % ("curve", "counts", "index of dispersion, in windows of this many seconds of the curve's time (median, min to max)"))
    elif command == "dispersion":
        dispersion(*arguments)
    elif command == "conclude":
        conclude(*arguments)
    else:
        sys.exit("replay_rows: there is no command '%s'" % command)


if __name__ == "__main__":
    main(*sys.argv[1:])
