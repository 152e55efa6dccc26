"""The installation of packages that cloud-init could not install."""

import json
import os

from .. import batch, install, main, node, system
from .harness import FRONT_END, ClusterCase, Double, put

BATCH = os.path.dirname(batch.__file__)

# As long as there is a file "down", no mirror answers. It notes whether the node's lock is taken.
APT_GET = """#!/bin/sh
lock=free; test ! -e "$VMCLUSTER_ROOT/var/lib/vmcluster-node/lock" || flock -n "$VMCLUSTER_ROOT/var/lib/vmcluster-node/lock" true || lock=taken
echo "$lock $DEBIAN_FRONTEND $*" >>"$VMCLUSTER_ROOT/apt.log"
case "$*" in *update) test ! -e "$VMCLUSTER_ROOT/other-down" || { echo "E: Failed to fetch http://other.example.org" >&2; exit 100; };; esac
test ! -e "$VMCLUSTER_ROOT/down" || { echo "E: Failed to fetch http://deb.example.org/x.deb  500" >&2; exit 100; }
case "$*" in
  *--download-only*|*update) ;;
  *) mkdir -p "$VMCLUSTER_ROOT/units"; echo exampled >"$VMCLUSTER_ROOT/units/exampled.service"; systemctl start exampled.service;;
esac
"""
TOOL = "#!/bin/sh\nexit 0\n"


class ExampleDouble(Double):
    NAME = "example"
    SCRIPTS = {"apt-get": APT_GET, "dpkg": TOOL, "examplectl": TOOL}


class Install(ClusterCase):
    DOUBLE = ExampleDouble

    def setUp(self):
        super().setUp()
        self.c = self.cluster
        put(self.c.path(FRONT_END, "units/exampled.service"), "exampled\n")
        self.name = self.c.worker(1)
        path = "/etc/vmcluster/node.json"
        put(self.c.path(self.name, path), json.dumps(dict(json.loads(self.c.text(self.name, path)), install=["exampled", "example-client"])))
        self.c.enter(self.name)

    def started(self):
        """Reports whether set-up has started the unit."""
        return "start --no-block vmcluster-install.service" in self.c.text(self.name, "/systemctl.log")

    def test_what_cloud_init_left_out_is_installed_beside_the_set_up(self):
        self.assertEqual(self.setup(), 0)
        self.assertTrue(self.started())
        self.assertFalse(self.c.has(self.name, "apt.log"), "set-up itself does not wait for a mirror")
        unit = dict(line.split("=", 1) for line in self.c.text(self.name, "/etc/systemd/system/vmcluster-install.service").splitlines() if "=" in line)
        self.assertEqual((unit["ExecStart"], unit["Restart"]), ("/usr/local/sbin/vmcluster-node install", "on-failure"))
        self.assertLess(int(unit["StartLimitBurst"]) * int(unit["RestartSec"]), 3601, "it ends")

    def test_nothing_is_started_where_nothing_is_missing(self):
        put(self.c.path(self.name, "units/exampled.service"), "exampled\n")
        self.assertEqual(self.setup(), 0)
        self.assertFalse(self.started())
        self.assertEqual(main(["install"]), 0)
        self.assertFalse(self.c.has(self.name, "apt.log"))

    def test_nothing_is_started_where_nothing_is_wanted(self):
        self.c.enter(self.c.worker(2))
        self.assertEqual(self.setup(), 0)
        self.assertNotIn("vmcluster-install", self.c.text("astro-cpu-2", "/systemctl.log"))

    def test_mirror_that_fails_is_named_and_tried_again(self):
        put(self.c.path(self.name, "down"), "")
        coordinator = self.c.coordinator()
        report = self.c.settle(coordinator)
        self.assertIn("astro-cpu-1: the packages exampled, example-client are not installed yet", report["error"])
        self.assertIn("the first try is under way", report["error"])
        self.c.enter(self.name)
        self.assertEqual(main(["install"]), 1)
        self.c.enter(FRONT_END)
        report = self.c.settle(coordinator, 30)
        self.assertIn("they are tried again each minute: apt-get: E: Failed to fetch http://deb.example.org/x.deb", report["error"])
        os.unlink(self.c.path(self.name, "down"))
        self.c.enter(self.name)
        self.assertEqual(main(["install"]), 0)
        self.assertFalse(self.c.has(self.name, "proc/76"), "the daemon is held until it is configured")
        self.c.enter(FRONT_END)
        report = self.c.settle(coordinator, 20)
        self.assertEqual((report["joined"], report["pending"], report.get("error", "")), (1, 0, ""))
        self.assertTrue(self.c.has(self.name, "proc/76"))

    def test_mirror_of_something_else_does_not_matter(self):
        put(self.c.path(self.name, "other-down"), "")
        self.assertEqual(main(["install"]), 0)
        self.assertFalse(install.wanted(node.Node()))

    def test_words_of_the_mirror_come_first(self):
        put(self.c.path(self.name, "other-down"), "")
        put(self.c.path(self.name, "down"), "")
        with self.assertRaisesRegex(system.Failure, "other.example.org; apt-get: E: Failed to fetch http://deb.example.org"):
            install.install(node.Node())

    def test_requests_wait_only_while_packages_are_unpacked(self):
        with self.assertRaisesRegex(system.Failure, "not installed yet"):
            install.check(node.Node())
        install.install(node.Node())
        calls = [line.split() for line in self.c.text(self.name, "apt.log").splitlines()]
        self.assertEqual([(c[0], c[1]) for c in calls], [("free", "noninteractive")] * 2 + [("taken", "noninteractive")])
        self.assertEqual(calls[0][-1], "update")
        self.assertEqual([c[-2:] for c in calls[1:]], [["exampled", "example-client"]] * 2)
        install.check(node.Node())


class Lists(ClusterCase):
    """The lists from which user data is made speak of the same batch systems as the modules."""

    def lines(self, name):
        with open(os.path.join(BATCH, name)) as f:
            return [line.split() for line in f]

    def test_every_daemon_is_held_while_packages_are_installed(self):
        units = {words[0]: set(words[1:]) for words in self.lines("units.txt")}
        packages = {(words[0], words[1]): words[2:] for words in self.lines("packages.txt")}
        kinds = [name[:-3] for name in os.listdir(BATCH) if name.endswith(".py") and "_" not in name]
        installed = []
        for kind in kinds:
            services = set(batch.load(kind, node.Node()).SERVICES)
            roles = [role for role in ("front_end", "worker") if packages.get((kind, role))]
            self.assertIn(len(roles), (0, 2), (kind, roles))
            if roles:  # of the others nothing is installed
                installed.append(kind)
                self.assertTrue(services and services <= units.get(kind, set()), kind)
        self.assertEqual(sorted(installed), sorted(units))
