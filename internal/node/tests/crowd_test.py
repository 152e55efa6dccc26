"""Many workers at once: what the coordinator does is counted, in virtual time."""

import contextlib
import json
import random
import socket

from .. import calls, report, ssh
from ..bundle import LONGEST, SETTLE, Rendered
from ..calls import Calls
from ..system import Failure
from ..tasks import GATHER, Tasks
from .crowd import KEYGEN, Crowd
from .harness import ClusterCase
from .kills import Killed


class CrowdCase(ClusterCase):
    def crowd(self, number):
        crowd = Crowd(number)
        self.addCleanup(crowd.close)
        return crowd


class Many(CrowdCase):
    def test_thousand_workers(self):
        """The roster grows from none to a thousand: two bundles for each worker, and a turn
        takes up the answers of many."""
        c = self.crowd(1000)
        made = c.coordinator()
        turns = c.run_until(made, c.all_joined)
        self.assertEqual(c.asked["join"], 1000)
        self.assertLessEqual(len(c.generations), 3)
        self.assertLessEqual(c.asked["apply"], 2600)
        self.assertEqual(set(map(tuple, c.has.values())), {max(c.generations)})
        self.assertEqual(made.tasks.pool.most, 64)
        self.assertLessEqual(turns, 120)
        self.assertLessEqual(c.renamed["state.json"], turns)
        self.assertLessEqual(c.spawned[KEYGEN], 1000 + 40)
        self.assertLessEqual(c.spawned["ssh"], 1000 + 2600)
        self.assertLessEqual(len(c.reports), 20)
        self.assertLessEqual(c.longest_report, 1020)

    def test_workers_that_join_one_after_another_come_in_waves(self):
        """A push to 100 nodes lasts some 16 seconds, in which several more workers join."""
        c = self.crowd(100)
        made = c.coordinator()
        c.PARALLEL = made.tasks.parallel = 16
        c.run_until(made, c.all_joined)
        new = c.enrol(30)
        c.down.update(new)
        c.run_until(made, lambda: c.reports[-1]["generation"] == c.document["generation"] and c.reports[-1]["joined"] == 100)
        c.forget_counts()
        c.takes = {"join": (0.05, 0.1), "apply": (2, 3)}
        for name in new:
            c.run_until(made, lambda until=c.time + 0.7: c.time >= until)
            c.down.discard(name)
        c.run_until(made, c.all_joined)
        self.assertLessEqual(len(c.generations), 5)
        self.assertEqual(set(map(tuple, c.has.values())), {max(c.generations)}, "the last wave reaches all")

    def test_worker_that_hangs_does_not_keep_the_others_waiting(self):
        c = self.crowd(20)
        made = c.coordinator()
        c.run_until(made, c.all_joined)
        slow, real = "astro-cpu-3", c.answer

        def answer(name, *rest):
            said = real(name, *rest)
            c.took += 170 if name == slow else 0
            return said
        c.answer = answer
        c.publish(operator_key="")
        c.run_until(made, lambda: c.reports[-1].get("pending_names") == "cpu[3]")
        began = c.time
        c.enrol(1)
        c.run_until(made, lambda: sum(1 for n, v in c.has.items() if tuple(v) >= (c.document["generation"], 2)) >= 20)
        self.assertLess(c.time - began, 2 * SETTLE + 8)
        self.assertLess(SETTLE, LONGEST)

    def test_many_workers_that_hang_do_not_keep_the_others_waiting(self):
        """Each row: whether they hang before they have joined, or with a bundle that is
        older than that of the others."""
        for joined in False, True:
            with self.subTest(joined=joined):
                c = self.crowd(60)
                made, stuck, real = c.coordinator(), set(), c.answer
                c.PARALLEL = made.tasks.parallel = 8

                def answer(name, *rest, c=c, stuck=stuck, real=real):
                    if name in stuck:
                        c.took += 60
                        raise Failure("timed out")
                    return real(name, *rest)
                c.answer = answer
                c.run_until(made, c.all_joined)
                healthy = set(list(c.keys)[40:])
                stuck.update(set(c.keys) - healthy if joined else c.enrol(40))
                healthy = set(c.keys) - stuck
                c.publish(operator_key="")
                c.run_until(made, lambda: c.time >= 1200)
                began = c.time
                new = c.enrol(1)
                c.run_until(made, lambda: all(tuple(c.has.get(n, ())) >= (c.document["generation"], 1) for n in [*healthy, *new]) or c.time > began + 1200)
                self.assertLess(c.time - began, 240)

    def test_workers_that_boot_cost_little(self):
        """No ssh is started for a worker before its own SSH server answers."""
        c = self.crowd(300)
        made = c.coordinator()
        c.down.update(list(c.keys)[5:])
        c.run_until(made, lambda: c.time > 60)
        self.assertLessEqual(c.asked["join"], 5)
        self.assertLessEqual(c.spawned["ssh"], 5 + 3 * 5)
        self.assertEqual(c.reports[-1]["joined"], 5)
        self.assertTrue(c.reports[-1]["never"].startswith("cpu[6-"), c.reports[-1])
        self.assertIn("No route to host", c.reports[-1]["error"])
        c.down.clear()
        c.run_until(made, c.all_joined)

    def test_first_bundles_come_before_all_else(self):
        c = self.crowd(60)
        made = c.coordinator()
        c.PARALLEL = made.tasks.parallel = 8
        c.run_until(made, c.all_joined)
        c.takes["apply"] = 3, 4
        new = c.enrol(10)
        c.run_until(made, lambda: set(new) <= set(c.has))
        behind = [name for name in c.keys if tuple(c.has[name]) < max(c.generations)]
        self.assertGreater(len(behind), 20, "the others are still to get theirs")


class Kills(CrowdCase):
    def test_killed_at_any_step(self):
        """A step is the write of a file, and the answer of a worker that has carried a
        request out. No worker's key is lost: it would never be reached again."""
        steps, k = 1, 0
        while k < steps:
            c = Crowd(2)
            with contextlib.closing(c):
                with self.subTest(killed_at=k):
                    made = c.coordinator()
                    c.kill_at = k
                    try:
                        c.run_until(made, c.all_joined)
                        steps = k  # it was not killed
                    except Killed:
                        steps, c.kill_at = k + 2, None
                        made = c.coordinator()
                        c.run_until(made, c.all_joined)
                    self.assertEqual(set(map(tuple, c.has.values())), {tuple(made.records.state["version"])})
                    self.assertEqual((c.reports[-1]["pending"], c.reports[-1].get("error", "")), (0, ""))
            k += 1
        self.assertGreater(k, 25)


class Parts(ClusterCase):
    def test_bundle_is_rendered_as_json_does_it(self):
        common = {"hosts": [["10.0.0.1", "a"]], "ca": "ssh-ed25519 AAAA\u00e9\"", "batch": {"type": "x"}}
        bundle = Rendered(common, json.dumps({"hosts": common["hosts"], "ca": common["ca"]}), {"batch": {"type": "x", "token": "t"}, "host_certificate": "c"})
        request = {"verb": "apply", "generation": [3, 1], "bundle": bundle}
        text = calls.rendered(request)
        self.assertEqual(json.loads(text), json.loads(json.dumps(request)))
        self.assertEqual(text.count('"batch"'), 1)
        self.assertEqual(json.loads(text)["bundle"]["batch"]["token"], "t")
        self.assertEqual(calls.rendered({"verb": "join"}), '{"verb": "join"}')

    def test_rest_ends_when_a_task_has_finished(self):
        tasks = Tasks(2)
        tasks.submit(0.0, ("x", "a"), None, int, "7")
        tasks.rest(3600.0)
        self.assertEqual([(key, future.result()) for key, future, _ in tasks.take_finished()], [(("x", "a"), 7)])
        self.assertFalse(tasks.finished.is_set())
        self.assertEqual(tasks.moment(), 0, "one that is alone is taken up at once")
        tasks.running = dict.fromkeys(range(4))
        self.assertTrue(tasks.are_enough())
        tasks.running = dict.fromkeys(range(1000))
        self.assertEqual(tasks.moment(), GATHER)

    def test_which_workers_have_booted(self):
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server:
            self.patch(calls, "PORT", server.getsockname()[1])
            found = Calls(None).up(["127.0.0.1", "127.0.0.2", "255.255.255.255"])
            self.assertTrue(found["ok"])
            self.assertEqual(found["up"]["127.0.0.1"], "")
            self.assertEqual(found["up"].get("127.0.0.2", "Connection refused"), "Connection refused")
            self.assertNotEqual(found["up"]["255.255.255.255"], "", "it is refused by this system itself")
            self.patch(calls, "PATIENCE", 0)
            self.assertIn(Calls(None).up(["127.0.0.1"])["up"]["127.0.0.1"], ("", "no answer within 0 s"))

    def test_address_of_a_kind_that_the_system_lacks(self):
        real = socket.socket

        def without_ipv6(family=socket.AF_INET, *rest):
            if family == socket.AF_INET6:
                raise OSError(97, "Address family not supported by protocol")
            return real(family, *rest)
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server:
            self.patch(calls, "PORT", server.getsockname()[1])
            self.patch(socket, "socket", without_ipv6)
            found = Calls(None).up(["fd00::1", "127.0.0.1"])["up"]
        self.assertIn("not supported", found["fd00::1"])
        self.assertEqual(found["127.0.0.1"], "", "it costs no other worker anything")

    def test_so_many_addresses_at_a_time(self):
        self.patch(calls, "ASKED", 3)
        asked = []
        self.patch(calls, "_connect", lambda addresses: asked.append(len(addresses)) or {a: "" if a == 4 else "down" for a in addresses})
        self.assertEqual(set(Calls(None).up(list(range(8)))["up"]), {0, 1, 2, 3, 4, 5}, "those that are up do not wait for the others")
        self.assertEqual(asked, [3, 3])


class LongReports(ClusterCase):
    def test_report_fits(self):
        """Whatever there is to say of a thousand nodes, in groups with names of any length."""
        seed = 1811
        print("seed of the reports:", seed)
        chance = random.Random(seed)
        key = "ssh-ed25519 " + "A" * 68
        for _ in range(60):
            groups = ["".join(chance.choices("abcxyz-", k=chance.choice((1, 8, 40)))).strip("-") or "g" for _ in range(chance.choice((1, 3, 30)))]
            names = ["astro-%s-%d" % (chance.choice(groups), chance.randrange(1, chance.choice((1200, 999999999)))) for _ in range(1000)]

            def some():
                return report.fold_names("astro", chance.sample(names, chance.choice((0, 1, 30, 500, 1000))))
            facts = {"generation": 1 << 52, "joined": 1000, "pending": 1000, "pending_names": some(), "never": some(), "drained": some(), "drained_count": 1000,
                     "busy": some(), "error": "".join(chance.choices("ab \u00e9\u4e00\U0001f600\"\\", k=chance.choice((0, 20, 5000)))),
                     "address": "2001:db8:1111:2222:3333:4444:5555:6666", "host_key": key, "coordinator_key": key, "host_ca": key, "ca": key,
                     "refused": True, "sequence": 1 << 52, "waits": {group: [10 ** 6, ["1234567_[1-9]"] * 3] for group in groups}}
            text = report.fit(facts)
            self.assertLessEqual(len(text.encode()) + 2 * (ssh.SIGNATURE + 1), 1020)
            said = json.loads(text)
            self.assertEqual((said["joined"], said["pending"], said["host_ca"]), (1000, 1000, key))
            for field in ("pending_names", "never", "drained", "busy"):
                whole = set(facts[field].replace("]", "").replace("[", ",").split(","))
                self.assertLessEqual(set(said.get(field, "").replace("]", "").replace("[", ",").split(",")) - {""}, whole, field)
            if said.get("drained", "") != facts["drained"]:
                self.assertEqual(said["drained_count"], 1000)
