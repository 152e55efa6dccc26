"""The connections to workers."""

from .. import calls, ssh
from ..calls import KEPT, MOST_KEPT, Calls
from .harness import ClusterCase


class Kept(ClusterCase):
    """A connection that is kept is a process. In a cluster of a thousand workers all of
    them together would take more memory than the coordinator's unit may have."""

    def setUp(self):
        super().setUp()
        self.now, self.asked = 0.0, []
        self.patch(calls.time, "monotonic", lambda: self.now)
        self.patch(ssh, "ask", lambda *_, **more: self.asked.append(more))
        self.calls = Calls(None)

    def kept(self, verb, number):
        """Puts requests to workers; returns how many of their connections are kept."""
        self.asked.clear()
        for i in range(number):
            self.calls.remote("astro-cpu-%d" % i, "10.0.1.1", {"verb": verb})
        self.assertEqual({more["ControlPath"] for more in self.asked}, {ssh.at(ssh.STATE + "/ssh-%C")}, "one that is there is used")
        return sum("ControlPersist" in more for more in self.asked)

    def test_only_what_has_a_use(self):
        self.assertEqual(self.kept("join", 3), 3, "the bundle comes right after it")
        for verb in ("apply", "home", "certify", "retire", "resume"):
            self.assertEqual(self.kept(verb, 3), 0, verb)

    def test_so_many_at_a_time(self):
        self.assertEqual(self.kept("join", 1000), MOST_KEPT)
        self.now = 2.0 * KEPT
        self.assertEqual(self.kept("join", 1000), MOST_KEPT)
