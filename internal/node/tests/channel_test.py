"""The channels by which a roster reaches the front-end."""

import json
import os
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer

from .. import channel, files, node, system
from .harness import CA, FRONT_END, ClusterCase, put


class Messenger(ClusterCase):
    """A cloud without a metadata service: what a new worker brings, and the console."""

    def setUp(self):
        super().setUp()
        c = self.cluster
        c.more = {"coordinator": "last_worker"}
        c.delete(FRONT_END)
        c.add(FRONT_END, **c.more)
        c.document["coordinator"] = "last_worker"
        c.metadata = lambda: self.console
        self.one = c.worker(1)
        c.enter(FRONT_END)
        put(c.path(FRONT_END, files.FIRST_DOCUMENT), json.dumps(c.document))
        self.console = channel.Console(clock=lambda: c.time)
        self.coordinator = c.coordinator(over_ssh=True)
        put(c.path(FRONT_END, "up"), "")

    def settle(self, ticks=12):
        c = self.cluster
        c.reports.append(None)
        c.enter(FRONT_END)
        c.settle(self.coordinator, ticks)
        line = [w for w in c.text(FRONT_END, "/dev/console").splitlines() if w.startswith("vmcluster-report ")][-1]
        return json.loads(line.split(" ", 2)[2])

    def test_growth(self):
        c = self.cluster
        report = self.settle()
        self.assertEqual((report["generation"], report["joined"], report.get("error", "")), (1, 1, ""))
        two, last = c.worker(2), "astro-cpu-3"
        c.document["workers"].append({"name": last, "address": "", "batch": "b1"})
        c.document["front_end"] = {"name": FRONT_END, "address": "10.0.0.2", "host_key": report["host_key"]}
        c.publish()
        c.add(last, **c.more)
        root = os.path.join(c.dir, last)
        put(root + files.FIRST_DOCUMENT, json.dumps(c.document))
        put(root + files.FIRST_KEY, "key", 0o600)
        c.enter(last)
        system.own_address = lambda towards="": "10.0.1.3"
        self.assertEqual(self.setup(), 0)
        self.assertIn("start --no-block vmcluster-hand-over.service", c.text(last, "/systemctl.log"))
        self.assertEqual(channel.hand_over(node.Node(), clock=lambda: 0.0), 0)
        self.assertFalse(c.has(last, files.FIRST_KEY))
        system.own_address = lambda towards="": "10.0.0.2"
        report = self.settle(20)
        self.assertEqual((report["generation"], report["joined"], report["pending"]), (2, 3, 0))
        for name in (FRONT_END, self.one, two, last):
            self.assertIn("10.0.1.3 astro-cpu-3.astro", c.text(name, "/etc/hosts"))
        self.assertIn(CA, c.text(FRONT_END, "/var/lib/vmcluster/.ssh/authorized_keys"))

    def test_growth_after_one_that_was_cut_short(self):
        """Its roster was brought, and no document records it: the next run's may
        have the same generation, and another server under the same name."""
        c = self.cluster
        self.assertEqual(self.settle()["ca"], CA)
        two = c.worker(2)
        first = json.loads(json.dumps(c.document))
        first["workers"][-1].update(address="10.0.1.99", batch="b0")
        first["batches"]["b0"] = "ssh-ed25519 AAAAgone"
        first["ca"] = "ssh-ed25519 AAAAnext"
        n = node.Requests(node.Node())
        for document, ca in ((first, first["ca"]), (c.document, CA)):
            self.assertTrue(n.serve({"verb": "roster", "document": document})["ok"])
            report = self.settle(20)
            self.assertEqual((report["generation"], report["ca"]), (c.document["generation"], ca))
        self.assertEqual((report["joined"], report["pending"]), (2, 0))
        self.assertNotIn("10.0.1.99", c.text(two, "/etc/hosts"))

    def test_front_end_takes_rosters_only(self):
        c = self.cluster
        n = node.Requests(node.Node())
        newer = dict(c.document, generation=5)
        for request, ok in [
            ({"verb": "join"}, False), ({"verb": "apply", "generation": [9, 1], "bundle": {}}, False), (None, False), ([], False),
            ({"verb": "roster"}, False), ({"verb": "roster", "document": dict(newer, id="other")}, False),
            ({"verb": "roster", "document": newer}, True), ({"verb": "roster", "document": c.document}, True),
        ]:
            self.assertEqual(n.serve(request)["ok"], ok, request)
        self.assertEqual(self.console.document()["generation"], 5, "an older one changes nothing")
        other = dict(newer, workers=[])
        self.assertTrue(n.serve({"verb": "roster", "document": other})["ok"])
        self.assertEqual(self.console.document(), other, "of two with one generation the one that came last counts")
        n.node.config["coordinator"] = "front_end"
        self.assertFalse(n.serve({"verb": "roster", "document": dict(newer, generation=6)})["ok"])

    def test_console_is_not_flooded(self):
        for seconds, text, lines in [(0, "a", 1), (10, "a", 1), (20, "b", 2), (400, "b", 3)]:
            self.cluster.time = float(seconds)
            self.console.report(text)
            self.assertEqual(self.cluster.text(FRONT_END, "/dev/console").count("vmcluster-report"), lines)


class MetadataService(unittest.TestCase):
    def test_over_http(self):
        posts, codes = [], [200, 409]

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'{"uuid": "u", "meta": {}}')

            def do_POST(self):
                posts.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(codes.pop(0))
                self.end_headers()

            def log_message(self, *_):
                pass
        server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        saved, channel.METADATA = channel.METADATA, "http://127.0.0.1:%d" % server.server_port
        try:
            m = channel.Metadata()
            self.assertIsNone(m.document())
            self.assertEqual([m.report('{"a":1}'), m.report('{"a":1}')], [True, False])
            self.assertEqual(posts[0], ("/openstack/latest/password", b'{"a":1}'))
        finally:
            channel.METADATA = saved
            server.shutdown()
            server.server_close()
        with self.assertRaises(system.Failure):
            m.document()
