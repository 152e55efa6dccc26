"""A user who makes a home useless: that is named, and costs the node nothing else."""

import os
import signal
import stat
import time

from .. import accounts, files, home, node, system
from .delivery_test import GOOD, Case
from .harness import FRONT_END, CLUSTER_ID, ClusterCase, put
from .mutate import KEY

NEW_CA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINewCA"


def file(ssh):
    put(ssh, "x")


def fifo(ssh):
    os.mkfifo(ssh)


def link(ssh):
    os.symlink("/etc", ssh)


def keys_are_a_fifo(ssh):
    os.makedirs(ssh)
    os.mkfifo(ssh + "/authorized_keys")


def keys_are_a_link(ssh):
    os.makedirs(ssh)
    os.symlink("/etc/shadow", ssh + "/authorized_keys")


def keys_are_a_folder(ssh):
    os.makedirs(ssh + "/authorized_keys")


def keys_are_huge(ssh):
    put(ssh + "/authorized_keys", "x" * (home.MOST + 1))


def key_is_a_fifo(ssh):
    os.makedirs(ssh)
    os.mkfifo(ssh + "/id_ed25519")


def key_is_a_device(ssh):
    os.makedirs(ssh)
    os.symlink("/dev/zero", ssh + "/id_ed25519")


def public_key_is_a_fifo(ssh):
    put(ssh + "/id_ed25519", "-----BEGIN x\n-----END x\n")
    os.mkfifo(ssh + "/id_ed25519.pub")


def home_is_gone(ssh):
    os.rmdir(os.path.dirname(ssh))


def home_is_a_file(ssh):
    os.rmdir(os.path.dirname(ssh))
    put(os.path.dirname(ssh), "x")


USELESS = (file, fifo, link, keys_are_a_fifo, keys_are_a_link, keys_are_a_folder, keys_are_huge, key_is_a_fifo, key_is_a_device,
           public_key_is_a_fifo, home_is_gone, home_is_a_file)


class Useless(Case):
    def test_roots_own_files_are_written(self):
        c, generation = self.cluster, 1
        self.assertTrue(self.apply([1, 1], GOOD)["ok"])
        for make in USELESS:
            with self.subTest(what=make.__name__):
                c.delete(self.name, "/home/astro")
                os.makedirs(self.root + "/home/astro")
                make(self.root + "/home/astro/.ssh")
                generation += 1
                began = time.monotonic()
                answer = self.apply([generation, 1], dict(GOOD, ca=NEW_CA if generation % 2 else GOOD["ca"]))
                self.assertEqual((answer["ok"], answer["generation"]), (True, [generation, 1]), answer)
                self.assertIn("the home of astro: ", answer["home"])
                self.assertIn(NEW_CA if generation % 2 else GOOD["ca"], c.text(self.name, "/var/lib/vmcluster/.ssh/authorized_keys"))
                again = self.requests.answer({"verb": "join"})
                self.assertEqual((again["ok"], again["home"] != "", "AAAA" in again["user_key"]), (True, True, True), "the key that was known stays")
                self.assertEqual(self.requests.answer({"verb": "retire"}), {"ok": True, "drained": True})
                self.assertTrue(self.requests.answer({"verb": "resume"})["ok"])
                self.assertLess(time.monotonic() - began, home.LIMIT)
        c.delete(self.name, "/home/astro")
        os.makedirs(self.root + "/home/astro")
        answer = self.requests.answer({"verb": "home"})
        self.assertEqual((answer["ok"], answer["home"]), (True, ""))
        self.assertIn(GOOD["authorized_keys"][1], c.text(self.name, "/home/astro/.ssh/authorized_keys"))

    def test_link_is_not_followed(self):
        target = self.cluster.path("", "target")
        put(target, "secret\n", 0o600)
        os.makedirs(self.root + "/home/astro/.ssh", exist_ok=True)
        path = self.root + "/home/astro/.ssh/authorized_keys"
        if os.path.exists(path):
            os.unlink(path)
        os.symlink(target, path)
        self.assertIn("authorized_keys", self.apply([1, 1], GOOD)["home"])
        self.assertEqual(self.cluster.text("", "target"), "secret\n")

    def test_users_own_lines_and_mode_stay(self):
        put(self.root + "/home/astro/.ssh/authorized_keys", "ssh-rsa AAAA own\n", 0o640)
        self.assertEqual(self.apply([1, 1], GOOD)["home"], "")
        text = self.cluster.text(self.name, "/home/astro/.ssh/authorized_keys")
        self.assertTrue(text.startswith("ssh-rsa AAAA own\n# BEGIN vmcluster " + CLUSTER_ID), text)
        self.assertEqual(self.cluster.mode(self.name, "/home/astro/.ssh/authorized_keys"), 0o640)
        self.assertEqual([f for f in os.listdir(self.root + "/home/astro/.ssh") if f.startswith(".")], [])

    def test_answer_that_was_lost_names_the_home_again(self):
        self.cluster.delete(self.name, "/home/astro/.ssh")
        file(self.root + "/home/astro/.ssh")
        first = self.apply([1, 1], GOOD)
        self.assertNotEqual(first["home"], "")
        self.assertEqual(self.apply([1, 1], GOOD), first)

    def test_apply_that_was_cut_short_in_the_home(self):
        self.patch(node.Node, "in_home", lambda *_: 1 // 0)
        self.assertFalse(self.apply([1, 1], GOOD)["ok"])
        self.assertIn("interrupted", self.apply([1, 1], GOOD)["home"])


class Child(ClusterCase):
    """The child that works in the home may hang, or be another program by now."""

    def setUp(self):
        super().setUp()
        self.cluster.enter(self.cluster.worker(1))
        self.user = accounts.Account("astro", os.getuid(), os.getgid(), "/home/astro", "/bin/bash")
        self.patch(os, "geteuid", lambda: self.user.uid + 1)
        for name in ("setgroups", "setgid", "setuid"):
            self.patch(os, name, lambda _what: None)

    def test_hangs(self):
        self.patch(home, "LIMIT", 1)
        for hangs in (lambda _: time.sleep(60), lambda _: (signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM}), time.sleep(60))):
            self.patch(home, "home", hangs)
            with files.locked():
                began = time.monotonic()
                with self.assertRaisesRegex(system.Failure, "no answer within 1 s"):
                    home.in_home(self.user, {"id": "i1"})
                self.assertLess(time.monotonic() - began, 20)
            files.locked(0).close()  # the child holds no lock

    def test_holds_nothing_of_its_parent(self):
        """It may hang for ever: neither a lock nor the connection may hang with it."""
        def held(_):
            links = {fd: os.path.realpath("/proc/self/fd/%d" % fd) for fd in range(1024) if os.path.exists("/proc/self/fd/%d" % fd)}
            raise system.Failure(" ".join("%d:%s" % (fd, path) for fd, path in links.items()))
        self.patch(home, "home", held)
        with files.locked(), self.assertRaisesRegex(system.Failure, r"^0:/dev/null 1:/dev/null 2:/dev/null \d+:\S*pipe:\S*$"):
            home.in_home(self.user, {"id": "i1"})

    def test_says_anything(self):
        for said, want in [('{"user_key": "x\\n%s"}' % KEY, ""), ("[]", None), ("7", None), ("{}", None), ("[" * 60000, None), ('{"user_key": 7}', None),
                           ("x" * 2000000, None), ('{"error": "\\u001b"}', None)]:
            self.patch(home, "home", lambda _, said=said: (os.write(self.pipe(), said.encode()), os._exit(0)))
            try:
                self.assertEqual(home.in_home(self.user, {"id": "i1"}), {"user_key": want}, said[:50])
            except system.Failure:
                self.assertIsNone(want, said[:50])

    def pipe(self):
        """Returns the pipe to the parent, which is the only one that the child has."""
        open_ones = [fd for fd in range(3, 1024) if os.path.exists("/proc/self/fd/%d" % fd)]
        return next(fd for fd in open_ones if stat.S_ISFIFO(os.fstat(fd).st_mode))


class Lock(ClusterCase):
    def test_request_does_not_wait_for_ever(self):
        self.cluster.enter(self.cluster.worker(1))
        self.patch(node, "LOCK_WAIT", 0.2)
        with files.locked():
            answer = node.Requests(node.Node()).answer({"verb": "retire"})
        self.assertIn("another request", answer["error"])
        self.assertTrue(node.Requests(node.Node()).answer({"verb": "retire"})["ok"])


class Coordinator(ClusterCase):
    """The coordinator names a home, and looks again later."""

    def test_worker(self):
        c = self.cluster
        one, two = c.worker(1), c.worker(2)
        coordinator = c.coordinator()
        c.settle(coordinator)
        c.delete(two, "/home/astro/.ssh")
        file(c.path(two, "/home/astro/.ssh"))
        c.publish(ca=NEW_CA)
        report = c.settle(coordinator)
        self.assertEqual((report["joined"], report["pending"]), (2, 0))
        self.assertIn("astro-cpu-2: the home of astro: ", report["error"])
        self.assertIn(NEW_CA, c.text(two, "/var/lib/vmcluster/.ssh/authorized_keys"))
        os.unlink(c.path(two, "/home/astro/.ssh"))
        c.requests.clear()
        c.settle(coordinator, 2)
        self.assertEqual(c.requests, [], "it is not asked at every turn")
        c.time += 1000
        report = c.settle(coordinator, 12)
        self.assertEqual((c.requests[0], report.get("error", "")), ((two, "home"), ""))
        key = c.text(two, "/home/astro/.ssh/id_ed25519.pub").split()[1]
        self.assertIn(key, c.text(one, "/home/astro/.ssh/authorized_keys"), "the new key reaches the others")
        self.assertIn(key, c.text(two, "/home/astro/.ssh/authorized_keys"))

    def test_home_that_is_mended_before_the_bundle_comes(self):
        c = self.cluster
        one, two = c.worker(1), c.worker(2)
        put(c.path(two, "/home/astro"), "x")
        coordinator = c.coordinator()

        def mended(name, address, request, timeout=0):
            if (name, request["verb"]) == (two, "apply") and os.path.isfile(c.path(two, "/home/astro")):
                self.assertEqual(coordinator.records.workers[two]["user_key"], "")
                os.unlink(c.path(two, "/home/astro"))
                os.mkdir(c.path(two, "/home/astro"))
            return c.remote(name, address, request, timeout)
        coordinator.calls.remote = mended
        report = c.settle(coordinator, 20)
        self.assertEqual((report["joined"], report.get("error", "")), (2, ""))
        self.assertIn(c.text(two, "/home/astro/.ssh/id_ed25519.pub").split()[1], c.text(one, "/home/astro/.ssh/authorized_keys"))

    def test_front_end(self):
        c = self.cluster
        c.worker(1)
        coordinator = c.coordinator()
        c.settle(coordinator)
        c.delete(FRONT_END, "/home/astro/.ssh")
        fifo(c.path(FRONT_END, "/home/astro/.ssh"))
        c.publish(operator_key=KEY)
        report = c.settle(coordinator)
        self.assertEqual((report["joined"], report["pending"]), (1, 0))
        self.assertIn("astro-frontend: the home of astro: ", report["error"])
        os.unlink(c.path(FRONT_END, "/home/astro/.ssh"))
        c.time += 1000
        self.assertEqual(c.settle(coordinator).get("error", ""), "")
        self.assertIn(KEY, c.text(FRONT_END, "/home/astro/.ssh/authorized_keys"))

    def test_process_of_a_user_is_no_daemon(self):
        """By its name alone it would keep a worker from being closed."""
        c = self.cluster
        root = c.path(FRONT_END, "")
        for uid, want in ((1000, False), (64, True), (0, True)):
            put(root + "/proc/42/comm", "thed\n")
            put(root + "/proc/42/status", "Name:\tthed\nUid:\t%d\t%d\t%d\t%d\n" % ((uid,) * 4))
            self.assertEqual(system.running("thed"), want, uid)
