"""The rows of scripts/prove-search: the authors' own MLRsearch (RFC 9971) on the targets that floodmark's search answered, and both side by side."""

import csv
import itertools
import math
import random
import statistics
import sys

from MLRsearch import AbstractMeasurer, Config, MeasurementResult, MultipleLossRatioSearch, SearchGoal

START = 1e3  # what a factor of 1 offers: the package rounds loads to whole numbers
SHORT_S, LONG_S, BEFORE_S = 10.0, 30.0, 4.0  # before each: two seconds of calm, two of warm-up


class Target(AbstractMeasurer):
    """A capacity, seen by each trial a little off; what is offered above it is lost."""

    def __init__(self, capacity, blur, seed):
        self.capacity, self.blur, self.random = capacity, blur, random.Random(seed)
        self.trials, self.took_s = 0, 0.0

    def measure(self, intended_duration, intended_load):
        seen = self.capacity * math.exp(self.random.gauss(0, self.blur)) * START
        offered = round(intended_load * intended_duration)
        self.trials += 1
        self.took_s += intended_duration + BEFORE_S
        return MeasurementResult(
            intended_duration=intended_duration, intended_load=intended_load, offered_count=offered,
            loss_count=max(0, math.ceil((1 - seen / intended_load) * offered)))


def theirs(capacity, blur, seed):
    """Lower and upper bound, trials, seconds. Short trials of 10 s and final ones of 30 s, half of which may fail; 5 % wide, as ours."""
    goal = SearchGoal(
        loss_ratio=0.0, exceed_ratio=0.5, relative_width=1 - 1 / 1.05, initial_trial_duration=SHORT_S, final_trial_duration=LONG_S,
        duration_sum=LONG_S, preceding_targets=1, expansion_coefficient=4, fail_fast=False)
    config = Config(goals=[goal], min_load=START / 1024, max_load=START * 1024, search_duration_max=1e6, warmup_duration=SHORT_S)
    target = Target(capacity, blur, seed)
    result = MultipleLossRatioSearch(config).search(target, debug=lambda text: None)[goal]
    bounds = (result.relevant_lower_bound, result.relevant_upper_bound)
    lower, upper = (float(bound) / START if bound else None for bound in bounds)
    return lower, upper, target.trials, target.took_s


def main(file):
    with open(file) as answers:
        # The test's own name may stand before its first line.
        lines = [line[max(0, line.find("kind,")) :] for line in answers if line.count(",") == 6]
    right = True
    print("%-8s %-9s %-14s %-13s %-14s %-15s" % ("targets", "search", "hold the truth", "width, median", "trials, median", "time, median"))
    for kind, rows in itertools.groupby(csv.DictReader(lines), key=lambda row: row["kind"]):
        ours, other = [], []
        for seed, row in enumerate(rows):
            truth = float(row["capacity"])
            ours.append((truth, float(row["lower"]), float(row["upper"]), int(row["trials"]), float(row["seconds"])))
            other.append((truth, *theirs(truth, float(row["blur"]), seed)))
        held = [print_row(kind, name, found) for name, found in (("floodmark", ours), ("MLRsearch", other))]
        overlap = sum(one[1] <= two[2] and two[1] <= one[2] for one, two in zip(ours, other) if two[1] and two[2])
        print("%-8s both intervals overlap in %d of %d" % (kind, overlap, len(ours)))
        # Where nothing disturbs a trial, both are always right, and so agree; noise may mislead either, ours not more often by a tenth.
        right &= overlap == held[0] == held[1] == len(ours) if kind == "still" else held[0] >= held[1] - len(ours) // 10
    sys.exit(0 if right else 1)


def print_row(kind, name, found):
    holds = sum(bool(lower and upper and lower <= truth <= upper) for truth, lower, upper, _, _ in found)
    width = statistics.median(upper / lower - 1 for _, lower, upper, _, _ in found if lower and upper)
    trials, took_s = (statistics.median(row[column] for row in found) for column in (3, 4))
    print("%-8s %-9s %-14s %-13s %-14d %-15s" % (kind, name, "%d of %d" % (holds, len(found)), "%.1f %%" % (width * 100), trials, "%.0f s" % took_s))
    return holds


main(sys.argv[1])
