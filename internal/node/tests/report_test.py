"""The report."""

import json
import unittest

from .. import report


class Report(unittest.TestCase):
    def test_fold_names(self):
        for names, want in [
            ([], ""),
            (["a-cpu-1", "a-cpu-3", "a-cpu-2", "a-gpu-1"], "cpu[1-3],gpu[1]"),
            (["a-cpu-10", "a-cpu-9", "a-cpu-12"], "cpu[9-10,12]"),
            (["b-cpu-1", "a-frontend", "a-x-y-2", "a-cpu-0"], "x-y[2]"),
        ]:
            self.assertEqual(report.fold_names("a", names), want)

    def test_fit_report(self):
        facts = {"generation": 7, "joined": 0, "pending": 900, "error": "x" * 5000, "drained": "cpu[1]", "busy": "",
                  "pending_names": "cpu[%s]" % ",".join(str(i) for i in range(1, 900, 2)), "host_key": "k" * 80, "coordinator_key": "c" * 80}
        text = report.fit(facts)
        self.assertLessEqual(len(text), report.MAX)
        got = json.loads(text)
        self.assertEqual((got["pending"], got["drained"]), (900, "cpu[1]"))
        self.assertNotIn("busy", got)
        self.assertLess(len(got["pending_names"]), len(facts["pending_names"]))
        self.assertTrue(200 < len(got["error"]) <= 300, got["error"])
        names = ["a-cpu-%d" % i for i in range(101, 701, 2)]
        facts.update(drained=report.fold_names("a", names), pending_names=report.fold_names("a", names + ["a-gpu-1", "a-gpu-3"]), error="", drained_count=300)
        text = report.fit(facts)
        self.assertLessEqual(len(text), report.MAX)
        self.assertGreater(len(text), report.MAX * 2 // 3)
        got = json.loads(text)
        self.assertEqual(got["drained_count"], 300)
        self.assertNotIn("drained_count", json.loads(report.fit(dict(facts, drained="cpu[1]", drained_count=1))), "the names show it")
        for key in ("drained", "pending_names"):
            self.assertRegex(got[key], r"^cpu\[101(,[0-9]+){30,}\]$")
            self.assertTrue(set(got[key][4:-1].split(",")) <= {name[6:] for name in names})

    def test_waiting_jobs_are_left_out_first(self):
        waits = {"gpu": [12, ["7", "8_[1-9]", "99"]]}
        facts = {"generation": 7, "joined": 0, "pending": 0, "error": "", "drained": "cpu[1]", "waits": waits, "host_key": "k" * 80}
        self.assertEqual(json.loads(report.fit(facts))["waits"], waits)
        self.assertNotIn("waits", json.loads(report.fit(dict(facts, waits=""))))
        facts["pending_names"] = "cpu[%s]" % ",".join(str(i) for i in range(1, 400, 2))
        for length in range(0, len(facts["pending_names"]), 7):
            names = report.shorten(facts["pending_names"], length)
            got = json.loads(report.fit(dict(facts, pending_names=names)))
            whole = json.dumps({k: v for k, v in dict(facts, pending_names=names).items() if v != ""}, separators=(",", ":"))
            self.assertEqual("waits" in got, len(whole) <= report.MAX)
            self.assertEqual(got.get("waits_unknown", False), "waits" not in got, "a plan must not take them for none")
            self.assertTrue("waits" not in got or got.get("pending_names", "") == names)

    def test_shorter(self):
        for names, want in [("cpu[1-3,7],gpu[1,2]", "cpu[1-3,7],gpu[1]"), ("cpu[1-3,7],gpu[1]", "cpu[1-3,7]"),
                            ("cpu[1-3,7]", "cpu[1-3]"), ("cpu[1-3]", ""), ("x-y[1],z[2]", "x-y[1]")]:
            self.assertEqual(report.shorten(names, len(names) - 1), want)
        self.assertEqual(report.shorten("cpu[1,22,333,4444]", 10), "cpu[1,22]")
