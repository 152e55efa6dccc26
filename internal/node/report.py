"""The report, by which the front-end informs the cluster's creator: at most MAX bytes of JSON.

It is sent as "<signature>.<introduction> <JSON>"; see internal/report, doc.go.
"""

import collections
import json

from . import ssh
from .document import split_name

SLOT = 1020  # bytes of the password slot
MAX = SLOT - 2 * (ssh.SIGNATURE + 1)


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
    """Returns a report's bytes, shortened to MAX: first without the jobs that wait, then
    the longest texts first."""
    report = {k: v for k, v in report.items() if v != "" or k in ("generation", "joined", "pending")}
    report["error"] = report.get("error", "")[:300]
    drained = report.pop("drained_count", 0)
    while True:
        text = json.dumps({k: v for k, v in report.items() if v != ""}, separators=(",", ":"))
        if len(text) <= MAX:
            return text
        if report.pop("waits", ""):
            report["waits_unknown"] = True
            continue
        longest = max(("pending_names", "never", "drained", "busy", "error"), key=lambda k: len(report.get(k, "")))
        if longest == "drained":
            report["drained_count"] = drained
        size = len(report.get(longest, "")) * 9 // 10
        report[longest] = report[longest][:size] if longest == "error" else shorten(report[longest], size)


def shorten(names, size):
    """Returns folded names without the last ones, in no more than size bytes."""
    while len(names) > size:
        names = names.rpartition(",")[0]
        if names and not names.endswith("]"):
            names += "]"
    return names


def seal(node, text, key, introduction):
    """Returns a report as it is sent: signed by the front-end's own key, which another
    key has introduced."""
    signature = ssh.sign(key, "vmcluster-report", message(node, text))
    return "%s %s" % (".".join(filter(None, (signature, introduction))), text)


def introduce(node, key, public):
    """Returns the signature by which a key introduces the front-end's own, public half."""
    return ssh.sign(key, "vmcluster-report-key", message(node, public))


def message(node, text):
    """Returns what is signed: it holds for one cluster and one server."""
    return "\n".join((node.id, node.server_id, text))


def summary(report):
    """Returns a report as one line for operators."""
    words = ["generation %d: %d joined, %d pending" % (report["generation"], report["joined"], report["pending"])]
    for key in ("pending_names", "drained", "busy", "error"):
        if report.get(key):
            words.append("%s %s" % (key.replace("_names", ""), report[key]))
    return "; ".join(words)
