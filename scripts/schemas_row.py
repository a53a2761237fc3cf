"""The tables of scripts/prove-schemas: a row for each run, and whether all is as it should be."""

import json
import os
import sys

import watermark_row

CODEC = "%-12s %-21s %9s %9s %7s %5s  %-7s  %9s %11s %9s  %s"
CODEC_TITLES = ("codec", "profile", "planned", "acked", "neither", "lost", "verdict", "decoded", "undecodable", "ids", "as it should be?")
ENGINE = "%-8s %-6s %-21s %8s %5s %8s %5s  %-7s %9s %10s %8s %9s  %s"
ENGINE_TITLES = ("engine", "format", "profile", "acked", "lost", "at end", "lost", "verdict", "min", "max", "metric", "left out", "as it should be?")


def summary(out, name):
    return watermark_row.read(out, name, "summary.json")


def lines(out, name):
    with open(os.path.join(out, name)) as file:
        return [json.loads(line) for line in file]


def neither(counts):
    """What was planned and not acknowledged, however it ended."""
    return counts["failed"] + counts["dropped"] + counts["unresolved"]


def conserved(counts):
    return counts["planned"] == counts["acked"] + neither(counts)


def codec_faults(counts, read, events):
    delivered = counts["delivered"] + counts["unresolved_delivered"]
    return [fault for fault, there in (
        ("planned is not acked + failed + dropped + unresolved", not conserved(counts)),
        ("events are lost", counts["lost"] != 0),
        ("floodmark could not read %d" % counts["unreadable"], counts["unreadable"] != 0),
        ("records cannot be decoded", read["undecodable"] != 0),
        ("records have no id", read["without_id"] != 0),
        ("the reader found other ids than floodmark saw", read["distinct"] != delivered),
        ("fewer than %d" % events, read["decoded"] < events),
    ) if there]


def codec_row(out, codec, profile, name, code, events):
    row = {"codec": codec, "profile": profile, "name": name}
    read = {"decoded": 0, "undecodable": 0, "without_id": 0, "distinct": 0}
    try:
        run = summary(out, name)
        for topic in lines(out, name + ".read.jsonl"):
            read = {figure: read[figure] + topic[figure] for figure in read}
    except OSError:
        return dict(row, failed="exit code %s (log: %s)" % (code, os.path.join(out, name + ".log")))
    return dict(row, counts=run["totals"], verdict=run["verdict"], read=read, faults=codec_faults(run["totals"], read, int(events)))


def codec_text(row):
    counts, read = row["counts"], row["read"]
    return CODEC % (row["codec"], row["profile"], counts["planned"], counts["acked"], neither(counts), counts["lost"], row["verdict"],
                    read["decoded"], read["undecodable"], read["distinct"], told(row))


def engine_faults(row, windows, metrics, read, keeps_up):
    put_in, at_end = row["input"], row["at_end"]
    low, high = row["bounds"]
    lag_ms = 1_000 * float(keeps_up.removesuffix("s"))
    return [fault for fault, there in (
        ("planned is not acked + failed + dropped + unresolved", not conserved(put_in)),
        ("events are lost", put_in["lost"] + at_end["lost"] != 0),
        ("events came twice", at_end["duplicates_accidental"] != 0),
        ("not all arrived", at_end["delivered"] != put_in["delivered"]),
        ("floodmark could not read %d" % at_end["unreadable"], put_in["unreadable"] + at_end["unreadable"] + windows["unreadable_results"] != 0),
        ("the engine could not read %d" % metrics["records_unreadable"], metrics["records_unreadable"] != 0),
        ("the reader could not decode %d" % read["undecodable"], read["undecodable"] != 0),
        ("the reader found other ids than floodmark saw", read["distinct"] != at_end["delivered"]),
        ("no window was compared", windows["compared"] == 0),
        ("windows miss events for other reasons", windows["missing_elsewhere"]["min"] != 0),
        ("windows count events twice", windows["counted_twice"] + windows["unexplained"] + windows["strange_results"] != 0),
        ("the metric is not within the bounds", not low <= row["metric"] <= high),
        ("the metric is not what the windows left out", row["metric"] != row["left_out"]),
        ("the engine read %d of %d records" % (metrics["records_read"], row["records"]), metrics["records_read"] != row["records"]),
        ("the engine was %d ms behind" % metrics["max_lag_ms"], row["engine"] == "flink" and metrics["max_lag_ms"] > lag_ms),
    ) if there]


def engine_row(out, engine, form, profile, name, worked, keeps_up):
    row = {"engine": engine, "format": form, "profile": profile, "name": name}
    if worked != "yes":
        return dict(row, failed="it failed (logs: %s)" % os.path.join(out, name + ".*"))
    run, metrics = summary(out, name), watermark_row.read(out, name + ".metrics.json")
    stages = {stage["name"]: stage for stage in run["streams"][0]["stages"]}
    (model,) = stages["input"]["watermarks"]
    (read,) = lines(out, name + ".read.jsonl")
    row.update(input=stages["input"]["counts"], at_end=stages["handed-on"]["counts"], verdict=run["verdict"], records=model["records"],
               metric=metrics["value"], bounds=(model["engine_metric"]["min"], model["engine_metric"]["max"]))
    row["left_out"] = row["records"] - watermark_row.counted(out, name)
    return dict(row, faults=engine_faults(row, stages["counts"]["windows"], metrics, read, keeps_up))


def engine_text(row):
    return ENGINE % (row["engine"], row["format"], row["profile"], row["input"]["acked"], row["input"]["lost"], row["at_end"]["delivered"], row["at_end"]["lost"],
                     row["verdict"], row["bounds"][0], row["bounds"][1], row["metric"], row["left_out"], told(row))


def told(row):
    return "NO: " + "; ".join(row["faults"]) if row["faults"] else "yes"


def as_text(row):
    if "failed" in row:
        return "  ".join([row.get("codec") or row["engine"] + " " + row["format"], row["profile"], row["failed"]])
    return codec_text(row) if "codec" in row else engine_text(row)


def conclude(out):
    rows = lines(out, "rows.json")
    failed = sum("failed" in row for row in rows)
    wrong = sum(bool(row.get("faults")) for row in rows)
    print("%d of %d runs are as they should be; %d are not, %d failed" % (len(rows) - failed - wrong, len(rows), wrong, failed))
    return 1 if wrong else 3 if failed or not rows else 0


if __name__ == "__main__":
    if sys.argv[1] == "header":
        print(CODEC % CODEC_TITLES if sys.argv[2] == "codec" else ENGINE % ENGINE_TITLES, flush=True)
    elif sys.argv[1] == "conclude":
        sys.exit(conclude(sys.argv[2]))
    else:
        made = (codec_row if sys.argv[1] == "codec" else engine_row)(*sys.argv[2:])
        with open(os.path.join(sys.argv[2], "rows.json"), "a") as rows:
            rows.write(json.dumps(made) + "\n")
        print(as_text(made), flush=True)
