"""The rows of scripts/prove-changes: series with known changes, Apache Otava's answers to them, and floodmark's beside them."""

import collections
import json
import random
import statistics
import sys

import numpy
from otava import analysis
from otava.analysis import TTestSignificanceTester, compute_change_points, merge
from otava.change_point_divisive.calculator import PairDistanceCalculator

LEVEL, LEAST = 0.001, 3  # Otava's own level; floodmark's fewest values after a change
SMALL_LEVEL = 1e-5
WEAK = 10  # of the level, for the first pass: both have it so
NIGHTS, FIRST_NIGHT, FIGURES, HISTORIES = 60, 10, 36, 10
STEP_AT = 45


# Series

def noise(rng, count, deviation, follows=0.0, heavy=False):
    """Deviations from a level, as shares: each follows the one before by so much; heavy tails are those of a t distribution with 4 degrees of freedom."""
    last, values = 0.0, []
    for _ in range(count + 20):
        fresh = rng.gauss(0, 1)
        if heavy:
            fresh /= (sum(rng.gauss(0, 1) ** 2 for _ in range(4)) / 4) ** 0.5 * 2**0.5
        last = follows * last + fresh * (1 - follows**2) ** 0.5
        values.append(last * deviation)
    return values[20:]


def series(kind, rng, count, deviation, levels=(), spikes=(), drift=0.0, level=LEVEL, since=None, **shape):
    """Values around 100; each of `levels` is a place and the share by which all from there on differ."""
    values = noise(rng, count, deviation, **shape)
    for at in range(count):
        by = next((by for place, by in reversed(levels) if place <= at), 0.0)
        values[at] = 100 * (1 + values[at] + by + dict(spikes).get(at, 0.0) + drift * at / count)
    return {"kind": kind, "values": values, "truth": [at for at, _ in levels], "level": level, "least": LEAST, "since": since or count}


def compared(rng):
    for deviation in (0.02, 0.05, 0.1):
        for step in (0.0, 0.05, 0.1, 0.2):
            kind = "noise %2d %%, %s" % (deviation * 100, "step %2d %%" % (step * 100) if step else "no step")
            for _ in range(60):
                yield series(kind, rng, NIGHTS, deviation, [(rng.randrange(10, 51), step)] if step else [])
    for _ in range(60):
        yield series("noise  3 %, spikes of 50 %", rng, NIGHTS, 0.03, spikes=[(at, 0.5) for at in rng.sample(range(NIGHTS), 2)])
        first = rng.randrange(10, 30)
        yield series("noise  3 %, up 15 % and back", rng, NIGHTS, 0.03, [(first, 0.15), (first + rng.randrange(8, 20), 0.0)])
        yield series("noise  3 %, two steps of 15 %", rng, NIGHTS, 0.03, [(first, 0.15), (first + rng.randrange(8, 20), 0.3)])
        yield series("noise  3 %, drift of 20 %", rng, NIGHTS, 0.03, drift=0.2)
        yield series("constant", rng, NIGHTS, 0.0)
        yield series("constant, step 5 %", rng, NIGHTS, 0.0, [(rng.randrange(10, 51), 0.05)])
        yield series("step 20 %, 1 to 5 values ago", rng, NIGHTS, 0.03, [(NIGHTS - rng.randrange(1, 6), 0.2)])


HISTORY_NOISE = {"plain": {}, "follows 0.3, heavy tails": {"follows": 0.3, "heavy": True}}


def histories(rng):
    """Nights of plain noise, and of a step; each night asks for all nights so far."""
    for name, shape in HISTORY_NOISE.items():
        for _ in range(HISTORIES * FIGURES):
            one = series("history", rng, NIGHTS, 0.05, since=FIRST_NIGHT, **shape) | {"noise": name}
            yield from (one, one | {"level": SMALL_LEVEL})
    for by in (0.05, 0.1, 0.2):
        for _ in range(100):
            one = series("found", rng, STEP_AT + 7, 0.03, [(STEP_AT, by)], since=STEP_AT + 1) | {"by": by}
            yield from (one, one | {"level": SMALL_LEVEL})


# Otava, and what is changed in it

def places(points):
    return [int(point.index) for point in points]


def as_it_is(values):
    return places(compute_change_points(values)[0])


class SampleVariances(TTestSignificanceTester):
    def compare(self, left, right):
        """As Otava's, but what scipy's function takes for standard deviations are those of samples."""
        stats = super().compare(left, right)
        m, n = len(left), len(right)
        if m + n > 2:
            deviations = [numpy.std(side, ddof=1) if len(side) > 1 else 0.0 for side in (left, right)]
            with numpy.errstate(all="ignore"):
                stats.pvalue = analysis.ttest_ind_from_stats(stats.mean_1, deviations[0], m, stats.mean_2, deviations[1], n)[1]
        if numpy.isnan(stats.pvalue):
            stats.pvalue = 1.0
        return stats


def with_sample_variances(values, **window):
    original, analysis.TTestSignificanceTester = analysis.TTestSignificanceTester, SampleVariances
    try:
        return places(compute_change_points(values, **window)[0])
    finally:
        analysis.TTestSignificanceTester = original


def without_windows(values):
    return with_sample_variances(values, window_len=2 * len(values))


class Divisions(PairDistanceCalculator):
    """Otava's values of Q, of splits with at least three values on either side."""

    def strongest(self, start, end, least=LEAST):
        if end - start < 2 * least:
            return None
        allowed = self._get_Q_vals(start, end)
        taus, kappas = numpy.indices(allowed.shape)
        taus, kappas = taus + 1 + start, kappas + 2 + start
        allowed[(taus - start < least) | (kappas - taus < least)] = -numpy.inf
        at, to = numpy.unravel_index(numpy.argmax(allowed), allowed.shape)
        return allowed[at, to], (start, int(at) + 1 + start, int(to) + 2 + start)


def divided(values, is_recursive=False, is_mirrored=False, tests_pieces=False, tests_both=False):
    """Otava's split and merge without windows, with what is asked for changed."""
    values = numpy.array(values, dtype=float)
    calculator, mirrored, tester = Divisions(values), Divisions(values[::-1]), SampleVariances(LEVEL * WEAK)
    found, open_parts = [], [(0, len(values))]

    def strongest(start, end):
        best = calculator.strongest(start, end)
        if best and is_mirrored:
            other, (begins, at, ends) = mirrored.strongest(len(values) - end, len(values) - start)
            if other > best[0]:
                best = other, tuple(len(values) - place for place in (ends, at, begins))
        return best

    while True:
        splits = [(part, split) for part in open_parts if (split := strongest(*part))]
        if not splits:
            break
        part, (_, (begins, at, ends)) = max(splits, key=lambda split: split[1][0])
        begins, ends = (begins, ends) if tests_pieces else part
        open_parts.remove(part)
        if tester.compare(values[begins:at], values[at:ends]).pvalue <= LEVEL * WEAK:
            found.append(at)
            open_parts += [(part[0], at), (at, part[1])]
        elif not is_recursive:
            break
    merging = merged_testing_both if tests_both else merged
    return places(merging(values, sorted(found)))


def tested(values, found):
    tester = SampleVariances(LEVEL)
    candidates = [analysis.CandidateChangePoint(index=at, qhat=0.0) for at in found]
    intervals = tester.get_intervals(candidates)
    return [tester.change_point(candidate, values, intervals) for candidate in candidates]


def merged_testing_both(values, found):
    """Otava's merge tests the two points on the right of one that goes again, and not the one on its left."""
    while points := tested(values, found):
        weakest = max(points, key=lambda point: point.stats.pvalue)
        if weakest.stats.pvalue <= LEVEL:
            break
        found = [at for at in found if at != weakest.index]
    return points


def merged(values, found):
    points = tested(values, found)
    original, analysis.TTestSignificanceTester = analysis.TTestSignificanceTester, SampleVariances
    try:
        return merge(points, values, LEVEL, 0.0)
    finally:
        analysis.TTestSignificanceTester = original


def beside_spikes(values, width=2 * LEAST - 1):
    def around(at):
        start = max(0, min(at - width // 2, len(values) - width))
        return statistics.median(values[start : start + width])

    far = [abs(value - around(at)) for at, value in enumerate(values)]
    return [at for at in range(len(values)) if far[at] <= 5 * statistics.median(far) / 0.49]


def without_spikes(values, **changed):
    kept = beside_spikes(values)
    return [kept[at] for at in divided([values[at] for at in kept], **changed)]


DIVISIONS = ("tests_both", "is_recursive", "is_mirrored", "tests_pieces")
CHANGES = [
    ("as it is", as_it_is),
    ("variances of samples, not of populations", with_sample_variances),
    ("one window for the whole series", without_windows),
    ("three values on either side", divided),
    ("spikes set aside first", without_spikes),
    ("both neighbours of a point that goes are tested again", lambda values: without_spikes(values, **dict.fromkeys(DIVISIONS[:1], True))),
    ("a part without a split ends no other part", lambda values: without_spikes(values, **dict.fromkeys(DIVISIONS[:2], True))),
    ("the left side may begin later, too", lambda values: without_spikes(values, **dict.fromkeys(DIVISIONS[:3], True))),
    ("a weak point is tested on its two pieces", lambda values: without_spikes(values, **dict.fromkeys(DIVISIONS, True))),
]


# Both, side by side

def near(one, other):
    return len(one) == len(other) and all(abs(a - b) <= 1 for a, b in zip(one, other))


def print_agreement(rows):
    """Per kind: how often both name the same, and how often each is right. Then what explains the rest."""
    print("%-30s %7s %10s %10s %16s %12s" % ("series of 60", "series", "the same", "within 1", "floodmark right", "Otava right"))
    kinds, explained, examples = collections.defaultdict(list), collections.Counter(), {}
    for one, ours in rows:
        answers = [change(one["values"]) for _, change in CHANGES]
        kinds[one["kind"]].append((ours, answers[0], one["truth"]))
        stays = next((place for place in range(len(CHANGES)) if all(ours == answer for answer in answers[place:])), len(CHANGES))
        reason = 0 if ours == answers[0] and stays < len(CHANGES) else stays
        explained[reason] += 1
        examples.setdefault(reason, "%s, truth %s: floodmark %s, Otava %s" % (one["kind"], one["truth"], ours, answers[0]))
    for kind, of_kind in sorted(kinds.items()):
        counts = (sum(ours == theirs for ours, theirs, _ in of_kind), sum(near(ours, theirs) for ours, theirs, _ in of_kind),
                  sum(near(ours, truth) for ours, _, truth in of_kind), sum(near(theirs, truth) for _, theirs, truth in of_kind))
        print("%-30s %7d %10d %10d %16d %12d" % (kind, len(of_kind), *counts))
    print("\nSo many of Otava's answers are floodmark's as it is, or become so and stay so with this changed in it, on top of what stands above:")
    for place, (name, _) in enumerate(CHANGES):
        print("  %4d  %-54s %s" % (explained[place], name, examples.get(place, "") if place else ""))
    print("  %4d  %-54s %s" % (explained[len(CHANGES)], "not explained", examples.get(len(CHANGES), "")))
    clear = [near(ours, theirs) for kind in ("noise  2 %, step 20 %", "constant", "constant, step 5 %") for ours, theirs, _ in kinds[kind]]
    return explained[len(CHANGES)] == 0 and sum(clear) >= 0.9 * len(clear)


def new_alarms(answers):
    """The nights, counted from the first that is asked, with a point that stands farther than two from all that were named before."""
    named, nights = [], []
    for night, points in enumerate(answers):
        fresh = [at for at in points if all(abs(at - known) > 2 for known in named)]
        nights += [night] if fresh else []
        named += fresh
    return nights


def rules_of(rows):
    """The same series by rule: floodmark's at both levels, and Otava's default."""
    for one, ours in rows:
        yield ("floodmark, level %g" % one["level"], one, ours)
        if one["level"] == LEVEL:
            asked = range(one["since"], len(one["values"]) + 1)
            yield ("Otava's default", one, [as_it_is(one["values"][:count]) for count in asked])


def print_false_alarms(rows):
    asked = NIGHTS - FIRST_NIGHT + 1
    print("\nFalse alarms over %d histories of %d figures, noise 5 %%, each night from the %dth to the %dth:" % (HISTORIES, FIGURES, FIRST_NIGHT, NIGHTS))
    print("%-26s %-24s %22s %22s" % ("noise", "rule", "nights with a new one", "figures with one"))
    by_rule = collections.defaultdict(list)
    for rule, one, answers in rules_of(rows):
        by_rule[one["noise"], rule].append(new_alarms(answers))
    for (name, rule), alarms in by_rule.items():
        suites = [alarms[start : start + FIGURES] for start in range(0, len(alarms), FIGURES)]
        nights = sum(len({night for figure in suite for night in figure}) for suite in suites)
        share = "%d of %d, %.1f %%" % (nights, asked * len(suites), 100 * nights / asked / len(suites))
        print("%-26s %-24s %22s %22s" % (name, rule, share, "%d of %d" % (sum(bool(figure) for figure in alarms), len(alarms))))


def print_found(rows):
    print("\nA step in the %dth of so many nights, noise 3 %%: named within 1 of its place after so many nights with it, of 100:" % (STEP_AT + 1))
    print("%-10s %-24s %6s %6s %6s %6s %6s" % ("step", "rule", 1, 2, 3, 5, 7))
    by_rule = collections.defaultdict(list)
    for rule, one, answers in rules_of(rows):
        by_rule[one["by"], rule].append([any(abs(at - STEP_AT) <= 1 for at in points) for points in answers])
    for (by, rule), found in by_rule.items():
        print("%-10s %-24s %6d %6d %6d %6d %6d" % ("%d %%" % round(by * 100), rule, *(sum(one[after - 1] for one in found) for after in (1, 2, 3, 5, 7))))


def compare(series_file, answers_file):
    with open(series_file) as file:
        asked = json.load(file)
    with open(answers_file) as file:
        answers = [json.loads(line)["points"] for line in file if line.startswith('{"points"')]
    if len(asked) != len(answers):
        sys.exit("prove-changes: floodmark answered %d of %d series" % (len(answers), len(asked)))
    rows = list(zip(asked, answers))
    of = lambda kind: [(one, ours) for one, ours in rows if one["kind"] == kind]
    agreed = print_agreement([(one, ours[0]) for one, ours in rows if one["kind"] not in ("history", "found")])
    print_false_alarms(of("history"))
    print_found(of("found"))
    sys.exit(0 if agreed else 1)


if sys.argv[1] == "series":
    rng = random.Random(int(sys.argv[2]))
    json.dump([*compared(rng), *histories(rng)], sys.stdout)
else:
    compare(*sys.argv[2:])
