"""What a worker answers that an attacker controls."""

import concurrent.futures
import json
import random
import resource

from .. import answers, checks, records, ssh, system, tasks
from ..files import STATE
from .harness import CERTIFICATE, FRONT_END, OPERATOR, STATE_FILE, ClusterCase, malformed, put
from .mutate import TEXTS, mutated, value

SEED, ROUNDS = 10, 4000
GOOD_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJPpST4sV1de1yah+rqigkukXLWKLImVUhoYDa2grb8Z"
GOOD = {
    "join": {"ok": True, "name": "astro-cpu-1", "generation": [1, 2], "host_key": GOOD_KEY, "user_key": GOOD_KEY, "home": "", "retired": False},
    "apply": {"ok": True, "generation": [1, 2], "user_key": GOOD_KEY, "home": ""},
    "home": {"ok": True, "user_key": GOOD_KEY, "home": "the home of astro: .ssh cannot be opened: Not a directory"},
    "retire": {"ok": True, "drained": True},
    "resume": {"ok": True},
    "stale": {"ok": False, "error": "stale", "generation": [3, 4]},
    "failed": {"ok": False, "error": "no space left on device"},
}
DIGITS = "9" * 4300
ATTACKS = {
    "digits": """printf '{"ok":false,"error":"stale","generation":[%s,1]}'""" % DIGITS,
    "digits where none are looked at": """printf '{"ok":true,"x":%s}'""" % DIGITS,
    "next to the limit": """printf '{"ok":false,"error":"stale","generation":[9007199254740991,1]}'""",
    "surrogate": r"""echo '{"ok":false,"error":"\ud800"}'""",
    "surrogate in a key": r"""echo '{"ok":true,"host_key":"\ud800","user_key":"\ud800"}'""",
    "terminal": r"""echo '{"ok":false,"error":"\u001b]0;x\u0007\nvmcluster-report {}"}'""",
    "300 MB": "head -c 300000000 /dev/zero",
    "300 MB on stderr": "head -c 300000000 /dev/zero >&2",
    "endless": "yes",
    "key of 20 MiB": """printf '{"ok":true,"retired":false,"home":"","host_key":"%s","user_key":"ssh-rsa AAAA'; head -c 20971520 /dev/zero | tr '\\0' A; printf '"}'""" % GOOD_KEY,
    "key of 20 kB": """printf '{"ok":true,"retired":false,"home":"","host_key":"%s","user_key":"ssh-rsa AAAA'; head -c 20000 /dev/zero | tr '\\0' A; printf '"}'""" % GOOD_KEY,
    "nested": "head -c 60000 /dev/zero | tr '\\0' '['",
    "no number": """echo '{"ok":false,"error":"stale","generation":[NaN,Infinity]}'""",
    "twice": """echo '{"ok":false,"ok":true,"error":"x"}'""",
    "bytes": "head -c 1000 /dev/urandom",
}


class Attacks(ClusterCase):
    """Root on one worker: the coordinator goes on, now and after a restart, and so do the others."""

    def test_attacks(self):
        c = self.cluster
        bad, good = c.worker(1), c.worker(2)
        coordinator = c.coordinator(over_ssh=True)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for name, script in ATTACKS.items():
            with self.subTest(attack=name):
                put(c.path(bad, "attack"), script)
                for made in (coordinator, c.coordinator(over_ssh=True)):
                    made.tasks.failed.clear()
                    report = c.settle(made, 5)
                    self.assertEqual((report["joined"], report["pending_names"]), (1, "cpu[1]"))
                    self.assertTrue(report.get("error", bad).startswith(bad), report)
                self.sound(good)
        self.assertLess(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, 64 << 10, "kB")
        c.delete(bad, "attack")
        self.assertEqual(c.settle(c.coordinator(over_ssh=True))["joined"], 2)

    def test_attacks_after_the_join(self):
        c = self.cluster
        bad, good = c.worker(1), c.worker(2)
        coordinator = c.coordinator(over_ssh=True)
        self.assertEqual(c.settle(coordinator)["joined"], 2)
        keys = c.text(good, "/home/astro/.ssh/authorized_keys")
        for name in ("digits", "next to the limit", "surrogate", "endless", "key of 20 kB", "nested"):
            with self.subTest(attack=name):
                put(c.path(bad, "attack"), ATTACKS[name])
                c.publish(operator_key="%s at-%s" % (GOOD_KEY, name.replace(" ", "-")))
                for made in (coordinator, c.coordinator(over_ssh=True)):
                    made.tasks.failed.clear()
                    report = c.settle(made, 5)
                    self.assertEqual((report["generation"], report["joined"], report["pending_names"]), (c.document["generation"], 1, "cpu[1]"))
                self.sound(good)
                self.assertEqual(len(c.text(good, "/home/astro/.ssh/authorized_keys")), len(keys) + len(c.document["operator_key"]) - len(OPERATOR))

    def sound(self, good):
        c = self.cluster
        for name in (FRONT_END, good):
            self.assertEqual(malformed(c.path(name, "").rstrip("/")), [])
        console = c.log(FRONT_END + "/dev/console")
        self.assertEqual([line for line in console.splitlines() if not line.startswith("vmcluster: ") or not line.isprintable()], [])
        json.loads(c.text(FRONT_END, STATE_FILE))

    def test_claims_of_a_generation_make_work_once(self):
        """Each claim that is believed sends a new bundle to every node."""
        c = self.cluster
        bad, good = c.worker(1), c.worker(2)
        coordinator = c.coordinator()
        c.settle(coordinator)

        def claims(name, address, request, timeout=0):
            if name == bad and request["verb"] == "apply":
                g, k = request["generation"]
                return {"ok": False, "error": "stale", "generation": [g + 100, k]}
            return c.remote(name, address, request, timeout)
        coordinator.calls.remote = claims
        c.publish(operator_key=GOOD_KEY)
        c.requests.clear()
        report = c.settle(coordinator, 30)
        self.assertEqual((report["joined"], report["pending_names"]), (1, "cpu[1]"))
        self.assertIn("which no front-end has sent", report["error"])
        self.assertLessEqual(c.requests.count((good, "apply")), 2)
        self.assertEqual(coordinator.records.state["version"][0], 103)

    def test_highest_claim_leaves_room_for_the_next_front_end(self):
        """It has to get above what every node has taken from the one before."""
        c = self.cluster
        bad, good = c.worker(1), c.worker(2)
        for more in ([checks.STEP, checks.STEP], [checks.STEP - 1, checks.LIMIT - 1], [checks.STEP, 0], [0, checks.LIMIT - 1]):
            with self.subTest(claim=more):
                coordinator = c.coordinator()
                c.settle(coordinator)

                def claims(name, address, request, timeout=0):
                    if name == bad and request["verb"] == "apply":
                        return {"ok": False, "error": "stale", "generation": [c.document["generation"] + more[0], more[1]]}
                    return c.remote(name, address, request, timeout)
                coordinator.calls.remote = claims
                c.publish(operator_key="%s at-%d" % (GOOD_KEY, c.document["generation"]))
                self.assertEqual(c.settle(coordinator, 20)["pending_names"], "cpu[1]")
                self.replace_front_end()
                report = c.settle(c.coordinator(), 20)
                self.assertEqual((report["joined"], report["pending"], report.get("error", "")), (2, 0, ""))

    def test_claims_of_a_generation_count_for_a_bundle_alone(self):
        """A worker chooses how often it is asked about its home, for instance."""
        c = self.cluster
        bad, good = c.worker(1), c.worker(2)
        coordinator = c.coordinator()

        def claims(name, address, request, timeout=0):
            if name == bad and request["verb"] == "home":
                return {"ok": False, "error": "stale", "generation": [50, 1]}
            return dict(c.remote(name, address, request, timeout), **({"home": "x"} if name == bad else {}))
        coordinator.calls.remote = claims
        c.settle(coordinator)
        c.requests.clear()
        c.time += 1000
        c.settle(coordinator, 3)
        self.assertNotIn((good, "apply"), c.requests)

    def test_worker_that_joins_again_and_again_makes_little_work(self):
        """A join may bring other keys, which every node gets."""
        c = self.cluster
        bad, good = c.worker(1), c.worker(2)
        coordinator = c.coordinator()
        c.settle(coordinator)
        keys = iter(range(1000))

        def rejoins(name, address, request, timeout=0):
            answer = c.remote(name, address, request, timeout)
            if name == bad and request["verb"] == "apply":
                return {"ok": False, "error": "not joined"}
            return dict(answer, user_key="%s%04d" % (GOOD_KEY[:-4], next(keys))) if name == bad else answer
        coordinator.calls.remote = rejoins
        c.publish(operator_key=GOOD_KEY)
        c.requests.clear()
        began = c.time
        c.settle(coordinator, 60)
        self.assertLessEqual(c.requests.count((good, "apply")), 2 + 2 * (c.time - began) // tasks.LAST_PAUSE, "it goes and comes")
        coordinator.calls.remote = c.remote
        c.time += 100
        self.assertEqual(c.settle(coordinator)["joined"], 2)

    def test_worker_that_was_ahead_may_be_so_again(self):
        """With the version of a bundle that it has in another form, for instance."""
        c = self.cluster
        one = c.worker(1)
        coordinator = c.coordinator()
        for _ in range(3):
            c.settle(coordinator)
            coordinator.records.workers[one].update(acked=None, certificate=CERTIFICATE + str(len(c.requests)))
            report = c.settle(coordinator, 8)
            self.assertEqual((report["joined"], report["pending"]), (1, 0))

    def test_answer_about_another_bundle(self):
        c = self.cluster
        bad = c.worker(1)
        coordinator = c.coordinator()
        coordinator.calls.remote = lambda name, address, request, timeout=0: (
            dict(GOOD["apply"], generation=[1, 9]) if request["verb"] == "apply" else c.remote(name, address, request, timeout))
        report = c.settle(coordinator, 6)
        self.assertEqual((report["joined"], report["pending_names"]), (0, "cpu[1]"), bad)

    def test_user_key_goes_and_comes(self):
        """Without a home that can be read there is no key, and the one that is known stays."""
        c = self.cluster
        one = c.worker(1)
        coordinator = c.coordinator()
        c.settle(coordinator)
        record = coordinator.records.workers[one]
        key = record["user_key"]
        done = concurrent.futures.Future()
        done.set_result(answers.checked("join", dict(GOOD["join"], user_key="", host_key=record["host_key"], home="gone")))
        self.assertEqual(coordinator.settle(0.0, ("roster", one), record, done), "")
        self.assertEqual((record["user_key"], record["home"]), (key, "gone"))


class Poison(ClusterCase):
    """What an earlier program has taken up and saved must not keep this one from starting."""

    def test_state(self):
        c = self.cluster
        one, two = c.worker(1), c.worker(2)
        c.settle(c.coordinator())
        good = json.loads(c.text(FRONT_END, STATE_FILE))
        keys = c.text(two, "/home/astro/.ssh/authorized_keys")

        def record(**changes):
            return json.dumps(dict(good, workers=dict(good["workers"], **{one: dict(good["workers"][one], **changes)})))
        for text in (
                json.dumps(good).replace('"version": [1, ', '"version": [%s, ' % DIGITS), record(acked=[2 ** 70, 1]), record(user_key="x" * 30000),
                record(user_key="\ud800"), record(host_key=7, certificate="\n"), record(home="\ud800"), json.dumps(dict(good, digest="\ud800")),
                json.dumps(dict(good, forget=7, revoke={}, before=[])), json.dumps(dict(good, workers={"\n": {}, one: 7}))):
            put(c.path(FRONT_END, STATE_FILE), text)
            coordinator = c.coordinator()
            c.settle(coordinator)
            self.assertEqual(c.reports[-1]["joined"] + c.reports[-1]["pending"], 2)
            self.assertEqual(malformed(c.path(two, "").rstrip("/")), [])
            if "workers" not in json.loads(text, parse_int=lambda d: 0) or two in json.loads(text, parse_int=lambda d: 0)["workers"]:
                self.assertEqual(c.reports[-1]["joined"], 2, text[:300])
        for text in ("", "[", "[" * 60000, "7", '{"workers": %s}' % ("[" * 60000)):
            put(c.path(FRONT_END, STATE_FILE), text)
            self.assertEqual(records.load()["version"], [0, 0])
        put(c.path(FRONT_END, STATE_FILE), json.dumps(good))
        c.settle(c.coordinator())
        self.assertEqual(c.text(two, "/home/astro/.ssh/authorized_keys"), keys)

    def test_document(self):
        c = self.cluster
        c.worker(1)
        for generation in (10 ** 4300, 2 ** 53, "\ud800", -1, True, None):
            try:
                text = json.dumps(dict(c.document, generation=generation))
            except ValueError:
                text = json.dumps(c.document).replace('"generation": 1', '"generation": ' + DIGITS)
            put(c.path(FRONT_END, STATE + "/document.json"), text)
            report = c.settle(c.coordinator())
            self.assertEqual((report["generation"], report["joined"]), (1, 1), text[:200])


class Property(ClusterCase):
    """Thousands of answers, most of them good ones with changes."""

    def test_answers(self):
        print("seed of the answers: %d" % SEED)
        c, choice = self.cluster, random.Random(SEED)
        bad, good = c.worker(1), c.worker(2)
        coordinator = c.coordinator()
        c.settle(coordinator)
        self.patch(ssh, "certify", lambda *_: CERTIFICATE)
        taken = 0
        for i in range(ROUNDS):
            verb = choice.choice(sorted(set(GOOD) - {"stale", "failed"}))
            answer = mutated(choice, GOOD[choice.choice((verb, verb, verb, "stale", "failed"))]) if choice.random() < .9 else value(choice)
            coordinator.calls.remote = lambda *_, answer=answer: checks.parse(json.dumps(answer))
            taken += self.answered(coordinator, bad, verb)
            state = json.loads(json.dumps(coordinator.records.state))
            if i % 50 == 0:
                coordinator.records.save()
                self.assertEqual(records.load(), state, (SEED, i, answer))
            for record in coordinator.records.workers.values():
                self.assertEqual(records._sound(record, records.RECORD_FIELDS), record, (SEED, i, answer))
            self.assertTrue(checks.is_version(coordinator.records.state["version"]), (SEED, i, answer))
            if i % 1000 == 999:
                self.goes_on(coordinator, bad, good)
        self.assertTrue(ROUNDS // 12 < taken < ROUNDS * 9 // 10, taken)

    def answered(self, coordinator, name, verb):
        """Has the coordinator take up an answer; reports whether it was a good one."""
        calls = {
            "join": ("roster", lambda: coordinator.calls.join(name, "10.0.1.1")),
            "apply": ("roster", lambda: coordinator.calls.apply(name, "10.0.1.1", [1, 2], {})),
            "home": ("home", lambda: coordinator.calls.home(name, "10.0.1.1")),
            "retire": ("leave", lambda: coordinator.calls.leave(name, "10.0.1.1", "drain")),
            "resume": ("resume", lambda: coordinator.calls.resume(name, "10.0.1.1")),
        }
        purpose, call = calls[verb]
        done = concurrent.futures.Future()
        try:
            done.set_result(call())
        except Exception as error:
            done.set_exception(error)
        record = coordinator.records.workers[name]
        coordinator.tasks.running[purpose, name] = (done, record["is"])
        before = coordinator.tasks.times_failed((purpose, name))
        coordinator.collect(0.0)
        failed = coordinator.tasks.failed.get((purpose, name), tasks.NOT_FAILED)
        self.assertTrue(checks.is_text(failed.why) and isinstance(failed.why, str), failed)
        return failed.times <= before

    def goes_on(self, coordinator, bad, good):
        """The other worker gets a new bundle, and every file is well-formed."""
        c = self.cluster
        coordinator.calls.remote = lambda name, *rest: {"ok": False, "error": "x"} if name == bad else c.remote(name, *rest)
        coordinator.tasks.failed.clear()
        c.publish(operator_key=GOOD_KEY + " operator-%d" % c.document["generation"])
        c.requests.clear()
        c.settle(coordinator, 4)
        self.assertIn((good, "apply"), c.requests)
        self.assertIn("operator-%d" % (c.document["generation"] - 1), c.text(good, "/home/astro/.ssh/authorized_keys"))
        for name in (FRONT_END, good):
            self.assertEqual(malformed(c.path(name, "").rstrip("/")), [])


class Bounds(ClusterCase):
    def test_lines_for_operators(self):
        for text in TEXTS:
            system.say("a" + text + "b")
        lines = self.cluster.text(FRONT_END, "/dev/console").split("\n")
        self.assertEqual((len(lines), lines[-1]), (len(TEXTS) + 1, ""))
        for line in lines[:-1]:
            self.assertTrue(line.startswith("vmcluster: a") and line.isprintable() and len(line) < 1100, line[:100])

    def test_clean_text_is_clean(self):
        for text in TEXTS + ("x" * 9 + " y",):
            for most in (10, 40):
                self.assertTrue(checks.is_text(checks.clean(text, most), most), text[:50])

    def test_programs(self):
        with self.assertRaisesRegex(system.Failure, "more than 1000 bytes"):
            system.run("yes", most=1000)
        with self.assertRaisesRegex(system.Failure, "more than 1000 bytes"):
            system.run("sh", "-c", "yes >&2", most=1000)
        with self.assertRaisesRegex(system.Failure, "no answer within 1 s"):
            system.run("sleep", "60", timeout=1)
        with self.assertRaisesRegex(system.Failure, "^sh: a / b$"):
            system.run("sh", "-c", "echo a >&2; echo b >&2; exit 3")
        self.assertEqual(system.run("cat", text="é" * 100000), "é" * 100000)
        self.assertEqual(system.run("true", text="x" * 10000000), "", "it need not read")

    def test_members_of_a_hostile_document(self):
        c = self.cluster
        c.worker(1)
        c.document["workers"].append({"name": "astro-cpu-" + "9" * 5000, "address": "10.0.0.9"})
        c.document["operator_key"] = 'command="/bin/sh" ' + GOOD_KEY
        report = c.settle(c.coordinator())
        self.assertEqual((report["joined"], report["pending"]), (1, 1))
        self.assertEqual(malformed(c.path("astro-cpu-1", "").rstrip("/")), [])
