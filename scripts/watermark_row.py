"""The table of scripts/prove-watermarks: a row for each run, and whether all are as predicted."""

import json
import os
import sys

COLUMNS = "%-8s %-21s %5s %-8s %9s %10s %19s %11s %9s %9s  %s"
TITLES = ("engine", "profile", "seed", "mode", "records", "min (sure)", "expected", "max (poss.)", "metric", "left out", "inside?")


def read(*path):
    with open(os.path.join(*path)) as file:
        return json.load(file)


def counted(out, name):
    """How many events the windows hold: the last result of each window and key counts."""
    last = {}
    with open(os.path.join(out, name + ".windows.jsonl")) as results:
        for result in map(json.loads, results):
            last[result["window_start"], result["key"]] = result["count"]
    return sum(last.values())


def predicted(out, engine, name):
    """The certain bounds (min, max) of the metric, its expected range or None, the certain (min, max) of records lost, and the records judged."""
    (topic,) = read(out, name + ".predicted.json")["watermarks"]
    expected = topic.get("expected") and (topic["expected"]["metric"]["min"], topic["expected"]["metric"]["max"])
    metric, lost = topic["engine_metric"], {"min": topic["dropped_sure"], "max": topic["dropped_possible"]}
    if engine == "spark":
        # From the batches in the checkpoint.
        batches = read(out, name + ".exact.json")
        metric, lost = batches["metric"], batches["counts"]["dropped"]
        if metric.get("value") is not None:
            metric = {"min": metric["value"], "max": metric["value"]}
        # The bounds that are certain without the batches must hold as well.
        metric = {"min": max(metric["min"], topic["engine_metric"]["min"]), "max": min(metric["max"], topic["engine_metric"]["max"])}
    return (metric["min"], metric["max"]), expected, (lost["min"], lost["max"]), topic["records"]


def agrees(engine, metric, left_out, lost):
    """Do the engine's windows leave out what its metric says, and what can be lost? Flink and Kafka Streams count each record that is left out;
    Spark counts rows that were summed up before, one record or more in each."""
    as_counted = metric <= left_out if engine == "spark" else metric == left_out
    return as_counted and lost[0] <= left_out <= lost[1]


def row(worked, out, engine, profile, seed, mode, _topic, name):
    result = {"engine": engine, "profile": profile, "seed": int(seed), "mode": mode, "name": name}
    if worked == "yes":
        bounds, expected, lost, records = predicted(out, engine, name)
        metrics = read(out, name + ".metrics.json")
        result.update(min=bounds[0], max=bounds[1], expected=expected, records=records, records_read=metrics["records_read"], metric=metrics["value"])
        result["left_out"] = records - counted(out, name)
        result["agrees"] = metrics["value"] is not None and agrees(engine, metrics["value"], result["left_out"], lost)
        result["lost"] = lost
        result["inside"] = metrics["value"] is not None and bounds[0] <= metrics["value"] <= bounds[1]
        result["as_expected"] = expected and expected[0] <= (metrics["value"] or 0) <= expected[1]
        result["worked"] = metrics["ended"] and metrics["records_read"] == records
    else:
        result["worked"] = False
    with open(os.path.join(out, "rows.json"), "a") as rows:
        rows.write(json.dumps(result) + "\n")
    print(as_text(result, out), flush=True)


def as_text(result, out):
    start = (result["engine"], result["profile"], result["seed"], result["mode"])
    if not result["worked"]:
        why = "failed (logs: %s)" % os.path.join(out, result["name"] + ".*")
        if "records_read" in result:
            why = "the engine read %d of %d records" % (result["records_read"], result["records"])
        return "%-8s %-21s %5d %-8s  %s" % (start + (why,))
    # The expected range is for an engine that keeps up, not for one that begins with a backlog.
    expected = "%d - %d" % tuple(result["expected"]) if result["expected"] and result["mode"] == "live" else ""
    word = "yes" if result["inside"] else "NO"
    if result["min"] == result["max"]:
        word += ", exact" if result["inside"] else ", it should be equal"
    elif expected:
        word += ", as expected" if result["as_expected"] else ", not as expected"
    if not result["agrees"]:
        word += "; its windows DISAGREE (lost for certain %d, possibly %d)" % tuple(result["lost"])
    return COLUMNS % (start + (result["records"], result["min"], expected, result["max"], result["metric"], result["left_out"], word))


def conclude(out):
    with open(os.path.join(out, "rows.json")) as rows:
        results = [json.loads(line) for line in rows]
    worked = [result for result in results if result["worked"]]
    outside = [result for result in worked if not result["inside"]]
    disagree = [result for result in worked if not result["agrees"]]
    live = [result for result in worked if result["mode"] == "live" and result["expected"]]
    print("%d of %d runs inside the certain bounds; %d disagree with the engine's own windows; %d failed" % (
        len(worked) - len(outside), len(worked), len(disagree), len(results) - len(worked)))
    if live:
        print("%d of %d live runs inside the expected range" % (sum(bool(result["as_expected"]) for result in live), len(live)))
    if outside or disagree:
        return 1
    return 3 if len(worked) < len(results) or not results else 0


if __name__ == "__main__":
    if sys.argv[1] == "header":
        print(COLUMNS % TITLES, flush=True)
    elif sys.argv[1] == "conclude":
        sys.exit(conclude(sys.argv[2]))
    else:
        row(*sys.argv[1:])
