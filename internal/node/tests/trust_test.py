"""document_signing: the front-end accepts a CA, an operators' key and a batch_config that the CA before has signed."""

import json
import random

from .. import node, ssh, trust
from ..files import FIRST_DOCUMENT, STATE
from ..node import Requests
from .harness import FRONT_END, OPERATOR, ClusterCase, put

SEED = 20261128


class Signing(ClusterCase):
    def setUp(self):
        super().setUp()
        c = self.cluster
        self.one = c.worker(1)
        c.delete(FRONT_END)
        c.add(FRONT_END, document_signing=True)
        self.keys = {name: ssh.make_key("/keys/" + name) for name in ("ca", "next", "third", "evil")}
        put(c.path(FRONT_END, "etc/vmcluster/node.json"), json.dumps(dict(json.loads(c.text(FRONT_END, "etc/vmcluster/node.json")), ca=self.keys["ca"])))
        c.document.update(ca=self.keys["ca"], signed=[{"number": 1, "ca": self.keys["ca"], "operator": trust._print(OPERATOR)}])
        put(c.path(FRONT_END, FIRST_DOCUMENT), json.dumps(c.document))
        self.coordinator = c.coordinator()
        c.settle(self.coordinator)

    def link(self, number, by, ca, operator=OPERATOR, off=False, config=""):
        """A link that a CA has signed; by "" is a link without a signature."""
        link = {"number": number, "ca": self.keys[ca], "operator": trust._print(operator), "config": config and trust._print(config), "off": off}
        if by:
            link["signature"] = ssh.sign("/keys/" + by, "vmcluster-document", trust._message(node.Node(), link))
        return link

    def publish(self, ca, *links, operator=OPERATOR):
        """Returns whether the front-end accepts a document, and refuses it aloud if not."""
        c = self.cluster
        c.publish(ca=self.keys[ca], operator_key=operator, signed=list(links))
        report = c.settle(self.coordinator, 20)
        self.assertEqual((report["generation"], report["pending"]), (c.document["generation"], 0), "the roster goes on in any case")
        refused = report.get("refused", False)
        self.assertEqual(refused, "has not signed" in report.get("error", ""), report)
        keys = c.text(self.one, "/var/lib/vmcluster/.ssh/authorized_keys")
        users = c.text(self.one, "/home/astro/.ssh/authorized_keys")
        self.assertEqual(refused, self.keys[ca] not in keys or operator not in users, "what a report says is what the nodes have")
        self.assertNotIn(self.keys["evil"], keys)
        return not refused

    def test_rotation_with_and_without_a_signature(self):
        first = self.link(1, "", "ca")
        good = self.link(2, "ca", "next")
        self.assertTrue(self.publish("ca", first))
        self.assertFalse(self.publish("next", first), "no link")
        self.assertFalse(self.publish("next"), "no links at all")
        self.assertFalse(self.publish("next", first, self.link(2, "", "next")), "no signature")
        self.assertFalse(self.publish("next", first, self.link(2, "next", "next")), "signed by itself")
        self.assertFalse(self.publish("evil", first, good), "another CA than the link's")
        self.assertFalse(self.publish("next", first, dict(good, number=3)), "another number")
        self.assertTrue(self.publish("next", first, good))
        self.assertFalse(self.publish("ca", first), "back to the one before")
        self.assertFalse(self.publish("third", first, good, self.link(3, "ca", "third")), "signed by the one before the last")
        self.assertTrue(self.publish("next", first, good), "the front-end goes on")
        four = [first, good, self.link(3, "next", "third"), self.link(4, "third", "ca")]
        self.assertTrue(self.publish("ca", *four), "two links at once")

    def test_operators_key(self):
        other = OPERATOR.replace("Operator", "Another1")
        first = self.link(1, "", "ca")
        self.assertFalse(self.publish("ca", first, operator=other), "no link")
        self.assertFalse(self.publish("ca", first, self.link(2, "evil", "ca", other), operator=other))
        self.assertTrue(self.publish("ca", first, self.link(2, "ca", "ca", other), operator=other))
        self.assertFalse(self.publish("ca", first, operator=OPERATOR), "an operator who has left comes back")

    def test_batch_config(self):
        this, first, lines, other = node.Node(), self.link(1, "", "ca"), "PROLOG = /bin/one\n", "PROLOG = /bin/two\n"
        good = self.link(2, "ca", "ca", config=lines)
        for name, said, links, want in (
                ("no link", lines, [first], ""),
                ("no links at all", lines, [], ""),
                ("a link of another text", lines, [first, self.link(2, "ca", "ca", config=other)], ""),
                ("signed by another key", lines, [first, self.link(2, "evil", "ca", config=lines)], ""),
                ("signed", lines, [first, good], lines),
                ("once more", lines, [first, good], lines),
                ("changed later", other, [first, good], lines),
                ("taken away", "", [first, good], lines),
                ("not text", ["x"], [first, good], lines),
                ("taken away with a link", "", [first, good, self.link(3, "ca", "ca")], ""),
                ("an older link", lines, [first, good], "")):
            got, why = trust.judge(this, dict(self.cluster.document, batch_config=said, signed=links))
            self.assertEqual((got.get("batch_config", ""), why), (want, "" if said == want else trust.UNSIGNED), name)

    def test_front_end_is_born_with_its_batch_config(self):
        c, this, lines = self.cluster, node.Node(), "PROLOG = /bin/one\n"
        c.delete(FRONT_END, STATE + "/trust.json")
        this.config["batch_config"] = lines
        for said in (lines, "PROLOG = /bin/two\n", ""):
            got, why = trust.judge(this, dict(c.document, batch_config=said))
            self.assertEqual((got["batch_config"], why), (lines, "" if said == lines else trust.UNSIGNED))

    def test_what_was_accepted_outlives_a_restart(self):
        links = [self.link(1, "", "ca"), self.link(2, "ca", "next")]
        self.assertTrue(self.publish("next", *links))
        self.coordinator = self.cluster.coordinator()
        self.assertFalse(self.publish("ca", links[0]))
        self.coordinator = self.cluster.coordinator()
        self.assertFalse(self.publish("evil", *links))
        self.assertTrue(self.publish("next", *links))

    def test_off_and_on_again(self):
        first, off = self.link(1, "", "ca"), self.link(2, "ca", "ca", off=True)
        self.assertFalse(self.publish("next", first, dict(self.link(2, "", "next"), off=True)), "switched off without a signature")
        self.assertTrue(self.publish("ca", first, off))
        self.assertTrue(self.publish("next", first, off), "off")
        self.assertTrue(self.publish("third", self.link(3, "", "third")), "on again")
        self.assertFalse(self.publish("ca", self.link(3, "", "third")))

    def test_front_end_that_was_born_without(self):
        c = self.cluster
        config = json.loads(c.text(FRONT_END, "etc/vmcluster/node.json"))
        del config["document_signing"]
        put(c.path(FRONT_END, "etc/vmcluster/node.json"), json.dumps(config))
        for path in (STATE + "/trust.json", STATE + "/document.json", FIRST_DOCUMENT):
            c.delete(FRONT_END, path)
        self.coordinator = c.coordinator()
        self.assertTrue(self.publish("next"))
        self.assertTrue(self.publish("ca", self.link(5, "", "ca")), "it accepts what the first document with links says")
        self.assertFalse(self.publish("next", self.link(5, "", "ca")))

    def test_late_worker_is_born_and_joined_under_the_present_ca(self):
        self.assertTrue(self.publish("next", self.link(1, "", "ca"), self.link(2, "ca", "next")))
        two = self.cluster.worker(2)
        self.assertTrue(self.publish("next", self.link(1, "", "ca"), self.link(2, "ca", "next")))
        self.assertIn(self.keys["next"], self.cluster.text(two, "/var/lib/vmcluster/.ssh/authorized_keys"))

    def test_hostile_links(self):
        print("seed %d" % SEED)
        rng = random.Random(SEED)
        this = node.Node()
        good = dict(self.link(2, "ca", "next"), config="")
        odd = [None, True, -1, 0, 1, 2, 1 << 53, 10 ** 4000, 1.5, "", "x", "\ud800", [], {}, [[]], self.keys["evil"], trust._print(OPERATOR)]

        def value(depth=0):
            if depth < 2 and rng.random() < 0.7:
                return {k: rng.choice([good[k], rng.choice(odd)]) for k in good if rng.random() < 0.9}
            return rng.choice(odd)
        for _ in range(60):
            signed = rng.choice([[value() for _ in range(rng.randrange(4))], rng.choice(odd)])
            got, why = trust.judge(this, dict(self.cluster.document, ca=self.keys["evil"], signed=signed))
            self.assertEqual((got["ca"], why), (self.keys["ca"], trust.UNSIGNED), signed)


class Unchanged(ClusterCase):
    def test_without_document_signing_every_document_counts(self):
        c = self.cluster
        one = c.worker(1)
        coordinator = c.coordinator()
        c.settle(coordinator)
        c.publish(ca="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOther")
        report = c.settle(coordinator, 20)
        self.assertEqual((report["pending"], report.get("refused"), report.get("error", "")), (0, None, ""))
        self.assertIn("IOther", c.text(one, "/var/lib/vmcluster/.ssh/authorized_keys"))
        self.assertTrue(Requests(node.Node()).answer({"verb": "ping"})["ok"])
