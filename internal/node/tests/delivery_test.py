"""Bundles as an attacker makes them who has taken over the front-end, or its way to a worker."""

import os
import random
import re

from .. import document, node, system
from . import example
from .batch_htcondor_test import HTCondorDouble
from .harness import CA, CERTIFICATE, FRONT_END, OPERATOR, ClusterCase, Double, malformed, put
from .mutate import KEY, TEXTS, mutated, value

SEED, ROUNDS = 11, 1500
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIWorker"
GOOD = {
    "hosts": [["10.0.0.2", FRONT_END], ["10.0.1.1", "astro-cpu-1"], ["2001:db8::7", "astro-cpu-2"]],
    "known_hosts": [[FRONT_END, "10.0.0.2", HOST_KEY], ["astro-cpu-1", "10.0.1.1", HOST_KEY], ["astro-cpu-2", "2001:db8::7", HOST_KEY]],
    "authorized_keys": [OPERATOR + " operator@home", HOST_KEY, "ssh-rsa AAAAB3NzaC1yc2EAAAA=="],
    "coordinator_keys": [HOST_KEY], "sources": ["10.0.0.2", "2001:db8::/64"], "ca": CA, "host_certificate": CERTIFICATE,
    "batch": {"type": "none", "manager": "astro-frontend.astro.vmcluster.internal", "config": "A = b\n", "gpus": 2, "groups": {"cpu": [9, ["astro-cpu-1"], 4, 8000, 2]}},
}
REFUSED = [
    ("ca", CA + "\n" + KEY), ("ca", 'command="x" ' + KEY), ("ca", ""), ("ca", "\ud800"), ("ca", "ssh-rsa " + "A" * 20000),
    ("hosts", [["10.0.0.2", "x\n6.6.6.6 bank.example"]]), ("hosts", [["10.0.0.2\n6.6.6.6 bank.example", "x"]]), ("hosts", [["10.0.0.2", "Bank.example"]]),
    ("hosts", [["fe80::1%\n6.6.6.6 x", "x"]]), ("hosts", [["10.0.0.2"]]), ("hosts", {}), ("hosts", [["10.0.0.2", "x" * 64]]),
    ("known_hosts", [["*", "10.0.0.2", KEY]]), ("known_hosts", [["x", "10.0.0.2", KEY + "\n@cert-authority * " + KEY]]), ("known_hosts", [["x", "*", KEY]]),
    ("authorized_keys", [KEY + "\n" + 'command="/bin/sh" ' + KEY]), ("authorized_keys", ['from="1.2.3.4" ' + KEY]), ("authorized_keys", ["ssh-dss AAAA"]),
    ("authorized_keys", [KEY + " a\x1bb"]), ("authorized_keys", [""]), ("authorized_keys", ["# END vmcluster"]), ("authorized_keys", [KEY + " " + "x" * 300]),
    ("coordinator_keys", [KEY + " comment\n" + KEY]), ("coordinator_keys", KEY), ("coordinator_keys", ["cert-authority " + KEY]),
    ("sources", ['10.0.0.2",command="/bin/sh']), ("sources", ["*"]), ("sources", ["10.0.0.0/8"]), ("sources", ["2001:db8::1"]), ("sources", ["fe80::/64"]),
    ("host_certificate", "\nHostKey /tmp/x"), ("host_certificate", HOST_KEY), ("host_certificate", None),
    ("batch", {"type": "none", "manager": "m\nSETTING = x"}), ("batch", {"type": "none", "manager": "$(x)"}), ("batch", {"type": "example", "manager": "m"}),
    ("batch", {"type": "none", "manager": "m", "secret": "x"}), ("batch", {"type": "none", "manager": "m", "groups": {"x\n": [1, []]}}),
    ("batch", {"type": "none", "manager": "m", "groups": {"x": [2 ** 53, [], 1, 1, 1]}}), ("batch", {"type": "none", "manager": "m", "groups": {"x": [1, []]}}),
    ("batch", {"type": "none", "manager": "m", "groups": {"x": [1, [], 65536, 1, 1]}}), ("batch", {"type": "none", "manager": "m", "groups": {"x": [1, [], 1, True, 1]}}),
    ("batch", {"type": "none", "manager": "m", "groups": {"x": [1, [], 1, 1, 65]}}), ("batch", {"type": "none", "manager": "m", "config": "x\0"}),
    ("batch", {"type": "none", "manager": "m", "config": "x" * 8193}), ("batch", {"type": "none", "manager": "m", "config": 7}),
    ("batch", {"type": "none", "manager": "m", "gpus": 65}), ("batch", {"type": "none", "manager": "m", "gpus": "1"}),
    ("batch", None), ("x" * 100, None),
]


def tree(root):
    """Returns the contents of a node's files, but for those that note what ran."""
    out = {}
    for folder, _, names in os.walk(root):
        for path in (os.path.join(folder, name) for name in names if not name.endswith(".log") and name != "lock"):
            with open(path, "rb") as f:
                out[path] = f.read()
    return out


class Case(ClusterCase):
    def setUp(self):
        super().setUp()
        self.name = self.cluster.worker(1)
        self.root = self.cluster.path(self.name, "").rstrip("/")
        self.cluster.enter(self.name)
        self.requests = node.Requests(node.Node())
        self.assertTrue(self.requests.answer({"verb": "join"})["ok"])

    def apply(self, generation, bundle):
        return self.requests.answer({"verb": "apply", "generation": generation, "bundle": bundle})


class Bundles(Case):
    def test_one_bad_field_refuses_all(self):
        self.assertTrue(self.apply([1, 1], GOOD)["ok"])
        before = tree(self.root)
        for i, (field, bad) in enumerate(REFUSED):
            bundle = dict(dict(GOOD, authorized_keys=[OPERATOR]), **{field: bad})
            if field not in GOOD:
                bundle = {k: v for k, v in GOOD.items() if k != "batch"}
            answer = self.apply([2 + i, 1], bundle)
            self.assertEqual((answer["ok"], "the bundle" in answer["error"]), (False, True), (field, bad, answer))
            self.assertEqual(tree(self.root), before, (field, bad))
        for generation in (None, 7, [1], [2, -1], [2, 2 ** 53], [10 ** 4300, 1], [True, 1], [2.0, 1], ["2", 1], [2, 1, 1]):
            self.assertIn("generation", self.apply(generation, GOOD)["error"])
        self.assertEqual(tree(self.root), before)

    def test_what_is_applied_may_be_poisoned(self):
        for text in ("[", '{"generation": [%s, 1]}' % ("9" * 4300), '{"generation": "x"}', "[" * 60000):
            put(self.root + node.APPLIED, text)
            self.assertTrue(self.apply([1, 1], GOOD)["ok"], text[:50])

    def test_coordinators_key_is_good_from_where_it_comes(self):
        """The way by which the bundle came stays open, whatever the bundle says; where it
        is not known, no way is closed. A certificate is good from anywhere."""
        number = 0
        for came, sources, want in [
            ("10.0.0.2 4711 10.0.1.1 22", ["10.0.0.2"], "10.0.0.2"),
            ("192.0.2.9 4711 10.0.1.1 22", ["10.0.0.2", "10.9.0.2"], "10.0.0.2,10.9.0.2,192.0.2.9"),
            ("2001:db8:1::5 4711 2001:db8::1 22", ["10.0.0.2", "2001:db8::/64"], "10.0.0.2,2001:db8:1::/64,2001:db8::/64"),
            ("10.0.0.2 4711 10.0.1.1 22", [], "10.0.0.2"), ("", ["10.0.0.2"], ""), ("fe80::1%ens3 4711 fe80::2%ens3 22", ["10.0.0.2"], ""),
            ('x",command="/bin/sh" 1 2 3', ["10.0.0.2"], ""),
        ]:
            number += 1
            os.environ["SSH_CONNECTION"] = came
            self.assertTrue(self.apply([number, 1], dict(GOOD, sources=sources))["ok"])
            lines = self.cluster.text(self.name, "/var/lib/vmcluster/.ssh/authorized_keys").splitlines()
            self.assertTrue(lines[0].startswith("cert-authority,principals="), lines)
            self.assertEqual(lines[1].split("restrict,")[0], 'from="%s",' % want if want else "", came)
            self.assertEqual(malformed(self.root), [])
            self.assertNotIn("from=", self.cluster.text(self.name, "/home/astro/.ssh/authorized_keys"), "people's keys")

    def test_other_batch_systems_parts(self):
        for double, good, bad in [(HTCondorDouble, {"token": "eyJ.abc-_.x"}, [{"token": "a\nb.c.d"}, {"token": "x"}, {"secret": "x"}]),
                                  (Double, {}, [{"token": "x"}, {"secret": "x"}])]:
            part = dict(GOOD["batch"], type=double.NAME)
            self.cluster.double = double
            self.cluster.delete(self.name)
            self.cluster.add(self.name)
            n = node.Node()
            n.batch.check(good.get("secret", ""), good.get("token", ""))
            for more in bad:
                with self.assertRaises(system.Failure):
                    n.batch.check(more.get("secret", ""), more.get("token", ""))
            self.assertIn("batch", node.Requests(n).answer({"verb": "apply", "generation": [1, 1], "bundle": dict(GOOD, batch=dict(part, token=7))})["error"])
        with self.assertRaises(system.Failure):
            example.Example(n).check("x\ny", "")

    def test_addresses_as_clients(self):
        for address, want in [("10.0.0.2", "10.0.0.2"), ("2001:db8::4", "2001:db8::/64"), ("::ffff:10.0.0.2", "10.0.0.2"), ("fe80::1", ""), ("fe80::1%eth0", ""), ("x", ""), ("", "")]:
            self.assertEqual(system.source(address), want)
        for text in TEXTS:
            self.assertRegex(system.source(text) or "::/64", r"^[0-9a-f.:]+(/64)?$")
            self.assertIn(document.is_address(text), (False, re.fullmatch("[0-9a-f.:]+", text) is not None))


class Property(Case):
    """Bundles with changes: each is refused as a whole, or leaves files that are well-formed."""

    def test_bundles(self):
        print("seed of the bundles: %d" % SEED)
        choice = random.Random(SEED)
        self.patch(os, "fsync", lambda fd: None)
        generation, refused = 1, 0
        self.assertTrue(self.apply([generation, 1], GOOD)["ok"])
        before = tree(self.root)
        for i in range(ROUNDS):
            request = {"generation": [generation + 1, 1], "bundle": GOOD}
            request = mutated(choice, request) if choice.random() < .95 else {"generation": [generation + 1, 1], "bundle": value(choice)}
            if not isinstance(request, dict):
                continue
            os.environ["SSH_CONNECTION"] = choice.choice(("10.0.0.2 1 10.0.0.1 22", choice.choice(TEXTS).replace("\0", "").encode("utf-8", "replace").decode()[:100]))
            answer = self.requests.answer(dict(request, verb="apply"))
            after = tree(self.root)
            if answer["ok"]:
                self.assertEqual(malformed(self.root), [], (SEED, i, request))
                generation = self.requests.node.applied()["generation"][0]
                if generation > 2 ** 52:
                    os.unlink(self.root + node.APPLIED)
                    generation = 1
                    after = tree(self.root)
            else:
                refused += 1
                self.assertEqual(after, before, (SEED, i, request))
            before = after
        self.assertTrue(ROUNDS // 3 < refused < ROUNDS * 98 // 100, refused)
