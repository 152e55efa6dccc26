"""The report, by which the front-end informs the cluster's creator: at most MAX bytes of JSON."""

import collections
import json

from .document import split_name

MAX = 1020  # the password slot's size


def fold_names(cluster, names):
    """Returns worker names in short, as "cpu[1-3,7],gpu[1]"."""
    numbers = collections.defaultdict(set)
    for name in names:
        group, number = split_name(cluster, name)
        if group:
            numbers[group].add(number)
    return ",".join("%s[%s]" % (group, fold_numbers(sorted(numbers[group]))) for group in sorted(numbers))


def fold_numbers(numbers):
    """Returns ascending numbers in short, as "1-3,7"."""
    runs = []
    for n in numbers:
        if runs and runs[-1][1] == n - 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    return ",".join(str(a) if a == b else "%d-%d" % (a, b) for a, b in runs)


def fit(report):
    """Returns a report's bytes, shortened to MAX: first the longest lists of names."""
    report = {k: v for k, v in report.items() if v != "" or k in ("generation", "joined", "pending")}
    report["error"] = report.get("error", "")[:300]
    drained = report.pop("drained_count", 0)
    while True:
        text = json.dumps({k: v for k, v in report.items() if v != ""}, separators=(",", ":"))
        if len(text) <= MAX:
            return text
        longest = max(("pending_names", "never", "drained", "busy", "error"), key=lambda k: len(report.get(k, "")))
        if longest == "drained":
            report["drained_count"] = drained
        report[longest] = "" if longest == "error" else shorten(report[longest], len(report[longest]) * 9 // 10)


def shorten(names, size):
    """Returns folded names without the last ones, in no more than size bytes."""
    while len(names) > size:
        names = names.rpartition(",")[0]
        if names and not names.endswith("]"):
            names += "]"
    return names


def summary(report):
    """Returns a report as one line for operators."""
    words = ["generation %d: %d joined, %d pending" % (report["generation"], report["joined"], report["pending"])]
    for key in ("pending_names", "drained", "busy", "error"):
        if report.get(key):
            words.append("%s %s" % (key.replace("_names", ""), report[key]))
    return "; ".join(words)
