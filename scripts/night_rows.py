"""The rows of scripts/prove-nights: what was found of each night, and what it comes to."""

import json
import sys


def row(date, what, suite, file):
    try:
        with open(file) as opened:
            decision = json.load(opened)
    except ValueError:
        print("%s | %-10s | %-8s | nothing was printed" % (date, what, suite))
        return
    if "error" in decision:
        print("%s | %-10s | %-8s | %s" % (date, what, suite, decision["error"]["text"]))
        return
    changed = [
        "%s%s %s %+.0f %%"
        % (figure["figure"], " at " + figure["place"]["stage"] if figure["place"].get("stage") else "", figure["judged"], 100 * figure["by"])
        for figure in decision["figures"]
        if figure["judged"] in ("worse", "still_worse", "better", "back")
    ]
    sees = sorted(figure["could_see"]["share"] for figure in decision["figures"] if figure.get("could_see"))
    middle = "could see %.0f %% (best), %.0f %% (middle)" % (100 * sees[0], 100 * sees[len(sees) // 2]) if sees else "learning"
    print("%s | %-10s | %-8s | %s | %s | %s" % (date, what, suite, decision["finding"], middle, "; ".join(changed) or decision["text"]), flush=True)


def summary(file):
    with open(file) as opened:
        rows = [[cell.strip() for cell in line.split("|")] for line in opened]
    alarms = [row for row in rows if row[3] in ("regression", "limit")]
    quiet = [row for row in rows if row[1] == "usual"]
    false = [row for row in alarms if row[1] == "usual" or row[2] == "embedded"]
    said_nothing = [row for row in rows if row[3] in ("void", "suspect")]
    found = {what: any(row[1] == what and row[2] == "kafka" for row in alarms) for what in ("10% slower", "25% slower")}
    print("%d nights of each suite without a change, %d false alarms; %d of %d nights void or suspect" % (len(quiet) // 2, len(false), len(said_nothing), len(rows)))
    for what, is_found in found.items():
        nights = [row[0] for row in rows if row[1] == what and row[2] == "kafka"]
        first = next((row[0] for row in alarms if row[1] == what and row[2] == "kafka"), None)
        print("%s: %s" % (what, "found in night %d of it" % (nights.index(first) + 1) if is_found else "not found within three nights"))
    sys.exit(0 if not false and all(found.values()) else 1)


if __name__ == "__main__":
    {"row": row, "summary": summary}[sys.argv[1]](*sys.argv[2:])
