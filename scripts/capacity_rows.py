"""The rows of scripts/prove-capacity: the rate that is drawn for a search, the truth that follows from it, and what the search found."""

import itertools
import json
import math
import random
import statistics
import sys

LIMIT_S = 1.0  # of the profile's p99
LINGER_S = 0.1  # as the script sets it where bytes count
HEADER = 61  # bytes of a batch before its records, in every format 2 batch
RECORD = 9.5  # bytes of a record beside its payload, without a key: 9, or 10 where a batch spans more than 64 ms or 64 events
GOAL = 0.95  # of the intervals hold the truth
KEPT_OPEN = ("kafka",)


def drawn(kind, part, parts, seed):
    """A rate from the PART-th of so many equal parts of the decade 300/s to 3,000/s."""
    place = (part - 1 + random.Random("%s %d %d" % (kind, part, seed)).random()) / parts
    return round(300 * 10**place)


def exponential(ceiling, servers):
    """The rate at which the p99 is the limit, where events come at even distances and are served in exponential times: the queue D/M/1.

    Sojourn times are exponential with the rate mu (1 - sigma), sigma = exp(-(1 - sigma) mu / lambda) (L. Kleinrock, Queueing Systems I, 6.3),
    so that the p99 is ln 100 / (mu (1 - sigma)). Solved for lambda, at each of the servers.
    """
    mu = ceiling / servers
    idle = math.log(100) / (mu * LIMIT_S)
    return servers * mu * idle / -math.log(1 - idle)


def by_bytes(ceiling_bytes, payload, around):
    """Events per second for so many bytes: the more events in a batch, the less of its own bytes is each one's. From what a batch of a linger
    holds at that rate up to endless batches."""
    most = ceiling_bytes / (payload + RECORD)
    batch = max(1.0, most * LINGER_S)
    return ceiling_bytes / (payload + RECORD + (HEADER + around) / batch), most


def truth(job, payload):
    """The lowest and the highest rate that may be called the capacity; one and the same where it is known exactly."""
    kind, rate = job["kind"], job["rate"]
    if kind in KEPT_OPEN:
        return None
    if kind in ("bytes", "quota", "kafka-quota"):
        # A quota counts whole requests: a frame's header, the topic and the client's name; a ceiling counts batches.
        around = 0 if kind == "bytes" else 36 + len(job["client"]) + len(job["topic"])
        return by_bytes(job["ceiling_bytes"], payload, around)
    exact = {
        # A pause of 200 ms delays nothing by more than that: only the time that it takes counts.
        "pause": rate * 0.9,
        "exponential": exponential(rate, 1),
        "streams": exponential(rate, job.get("threads", 1)),
    }.get(kind, rate)
    return exact, exact


def payload_of(folder, record):
    """The mean bytes of a payload, by the search's last trial."""
    with open("%s/%s/summary.json" % (folder, record["trials"][-1]["folder"])) as file:
        stream = json.load(file)["streams"][0]
    return stream["bytes"] / stream["sends"]


def row(job, folder, took_s):
    """What a search found, beside the truth."""
    try:
        with open(folder + "/capacity.json") as file:
            record = json.load(file)
    except OSError:
        record = {"trials": []}
    found = record.get("found") or {}
    lower, upper = ((found.get(side) or {}).get("offered_per_s") for side in ("lower", "upper"))
    outcomes = [trial["outcome"] for trial in record["trials"]]
    known = truth(job, payload_of(folder, record)) if record["trials"] else None
    bounded = lower is not None and upper is not None
    stage = (found.get("binding") or {}).get("stage")
    binds = (found.get("binding") or {}).get("what")
    return dict(
        job, truth=known, lower=lower, upper=upper, ended=found.get("ended", "died"), binds=binds, stage=stage,
        holds=None if known is None else bounded and lower <= known[1] and known[0] <= upper,
        # Behind a pipeline, the stage that binds must be its output.
        stage_right=not bounded or job["stage"] in ("", stage),
        recovery=record.get("recovery"), sender_kept_up=(record.get("sender") or {}).get("kept_up", True),
        width=upper / lower - 1 if bounded else None, trials=len(outcomes), invalid=outcomes.count("invalid"), took_s=took_s,
    )


def per_s(rate):
    return "-" if rate is None else "{:,.0f}/s".format(rate)


def line(row):
    low, high = row["truth"] or (None, None)
    known = "capacity unknown" if low is None else "capacity " + (per_s(low) if high - low < 0.5 else "%s to %s" % (per_s(low), per_s(high)))
    width = "" if row["width"] is None else ", %.1f %% apart" % (row["width"] * 100)
    place = row["binds"] and row["binds"] + (" at " + row["stage"] if row["stage"] else "")
    said = {None: row["ended"], True: "holds", False: "WRONG" if row["width"] is not None else "no interval (%s)" % row["ended"]}[row["holds"]]
    if not row["stage_right"]:
        said += ", WRONG stage"
    text = "%s, part %s, seed %s: %s, found %s to %s%s; %s; %d trials, %d s; %s" % (
        row["kind"], row["part"], row["seed"], known, per_s(row["lower"]), per_s(row["upper"]), width, place or "nothing binds",
        row["trials"], row["took_s"], said)
    if row["recovery"]:
        text += "; " + recovered(row["recovery"])
    if not row["sender_kept_up"]:
        text += "; this machine sends too little by itself"
    if row["invalid"]:
        text += "; %d trials said nothing" % row["invalid"]
        if row["invalid"] * 4 > row["trials"]:
            text += ": this machine may be the limit"
    return text


def recovered(recovery):
    took, at = recovery.get("gone_after_s"), recovery.get("place")
    said = "not recovered within %.0f s" % recovery["watched_s"] if took is None else "recovered in %.0f s" % took
    return "%s %s after %.1fx for %.0f s (by the formula %.0f to %.0f s)" % (at, said, recovery["times"], recovery["burst_s"], *sorted(recovery["formula_s"]))


def middle(values, form, pick=statistics.median):
    known = [value for value in values if value is not None]
    return form % pick(known) if known else "-"


def summary(rows):
    """A line for each kind; whether all is as it must be."""
    right = True
    for kind, of_kind in itertools.groupby(sorted(rows, key=lambda row: row["kind"]), key=lambda row: row["kind"]):
        of_kind = list(of_kind)
        column = lambda name: [row[name] for row in of_kind]
        if kind in KEPT_OPEN:
            pairs = list(itertools.combinations([row for row in of_kind if row["width"] is not None], 2))
            overlap = sum(one["lower"] <= other["upper"] and other["lower"] <= one["upper"] for one, other in pairs)
            said = "%d of %d pairs of intervals overlap" % (overlap, len(pairs))
            right &= bool(pairs) and overlap == len(pairs)
        else:
            held = sum(map(bool, column("holds")))
            said = "%d of %d hold the capacity" % (held, len(of_kind))
            open_ended = sum(width is None for width in column("width"))
            said += ", %d without an interval" % open_ended if open_ended else ""
            right &= held >= GOAL * len(of_kind) and all(column("stage_right"))
        widths = [width and width * 100 for width in column("width")]
        print("%s: %s; width median %s, widest %s; trials median %s, most %s; time median %s; %d of %d trials said nothing" % (
            kind, said, middle(widths, "%.1f %%"), middle(widths, "%.1f %%", max), middle(column("trials"), "%d"),
            middle(column("trials"), "%d", max), middle(column("took_s"), "%d s"), sum(column("invalid")), sum(column("trials"))))
    return right


def main(command, *arguments):
    if command == "draw":
        kind, part, parts, seed = arguments
        print(drawn(kind, int(part), int(parts), int(seed)))
    elif command == "row":
        job, folder, took_s, file = arguments
        found = row(json.loads(job), folder, float(took_s))
        with open(file, "w") as out:
            json.dump(found, out)
        print(line(found), flush=True)
    elif command == "summary":
        rows = []
        for name in arguments:
            with open(name) as file:
                rows.append(json.load(file))
        sys.exit(0 if summary(rows) else 1)


main(*sys.argv[1:])
