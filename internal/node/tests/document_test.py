"""The cluster document."""

import base64
import json
import random
import unittest
import zlib

from .. import document, system
from ..batch import Group
from .mutate import mutated

SEED = 12


class Document(unittest.TestCase):
    def test_decode_document(self):
        want = {"version": 1, "generation": 3, "id": "i"}
        text = base64.b64encode(zlib.compress(json.dumps(want).encode())).decode()
        meta = {"vmcluster_doc": "3 2", "vmcluster_doc_000": text[:20], "vmcluster_doc_001": text[20:], "other": "x"}
        self.assertEqual(document.decode(meta), want)
        self.assertIsNone(document.decode({}))
        for change in ({"vmcluster_doc": "4 2"}, {"vmcluster_doc": "3 3"}, {"vmcluster_doc": "x"}, {"vmcluster_doc_001": "!"}):
            with self.assertRaises(system.Failure):
                document.decode(dict(meta, **change))

    def test_groups(self):
        names = ["astro-cpu-1", "astro-cpu-2", "astro-old-7", "other"]
        spec = {"cpu": {"count": 2, "scaling": {"min": 0, "max": 9}, "machine": {"cpus": 4, "memory_mib": 8000, "gpus": 2}},
                "gpu": {"count": 3, "scaling": None, "machine": {"cpus": 8}}, "x": {}}
        self.assertEqual(document.groups({"groups": spec}, "astro", names), {
            "cpu": Group(9, names[:2], 4, 8000, 2), "gpu": Group(3, [], 8, 0, 0), "x": Group(0, []),
            "old": Group(0, ["astro-old-7"]),  # no more in the configuration, but its worker has not gone
        })

    def test_group_that_is_not_well_formed_costs_no_other(self):
        for bad in (None, 7, [], {"count": "9"}, {"count": -1}, {"count": 2 ** 53}, {"scaling": [9]}, {"scaling": {"max": 1.5}},
                    {"machine": "large"}, {"machine": {"cpus": 65536, "memory_mib": 2 ** 31, "gpus": 65}}, {"machine": {"cpus": True, "memory_mib": None, "gpus": "1"}}):
            got = document.groups({"groups": {"bad": bad, "B AD": {"count": 1}, "cpu": {"count": 1}}}, "astro", [])
            self.assertEqual(got.pop("bad", Group(0, [])), Group(0, []), bad)
            self.assertEqual(got, {"cpu": Group(1, [])}, bad)
        for groups in (None, [], "x", {}):
            self.assertEqual(document.groups({"groups": groups}, "astro", []), {})

    def test_any_groups(self):
        """What comes out is well-formed, whatever the document says."""
        print("seed of the groups: %d" % SEED)
        choice = random.Random(SEED)
        good = {"groups": {"cpu": {"count": 2, "scaling": {"min": 0, "max": 9}, "machine": {"cpus": 4, "memory_mib": 8000, "gpus": 2}}}, "batch_config": "A=b\n"}
        for i in range(3000):
            doc = mutated(choice, good)
            if not isinstance(doc, dict):
                continue
            for name, group in document.groups(doc, "astro", ["astro-cpu-1"]).items():
                self.assertTrue(document.is_name(name), (SEED, i))
                amounts = [group.most, group.cpus, group.memory_mib, group.gpus]
                self.assertTrue(all(type(n) is int and 0 <= n <= most for n, most in zip(amounts, (1 << 31, 65535, 1 << 30, 64))), (SEED, i, group))
            self.assertRegex(document.batch_config(doc), r"\A[^\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{0,8192}\Z")

    def test_own_lines(self):
        for text, sound in [("A = b\n\tC = d\n", True), ("x" * 8192, True), ("x" * 8193, False), ("A\0", False), ("A\r\n", False), ("\x1b[2J", False),
                            ("\u2028", False), ("\ud800", False), (7, False), (None, False), (["A = b"], False)]:
            self.assertEqual(document.batch_config({"batch_config": text}), text if sound else "", repr(text)[:30])
        self.assertEqual(document.batch_config({}), "")
