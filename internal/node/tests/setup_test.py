"""The set-up of a node."""

import json
import os
import subprocess
import threading
import time

from .. import accounts, files, home, node, setup, system
from .harness import CA, FRONT_END, OPERATOR, ClusterCase, put


class Setup(ClusterCase):
    def test_worker(self):
        c = self.cluster
        name = c.worker(1)
        c.enter(name)
        self.assertEqual(self.setup(), 0)
        self.assertEqual(self.setup(), 0, "again")
        users = c.text(name, "/users.log")
        self.assertRegex(users, "useradd --system .*-p \\* .* vmcluster")
        self.assertIn("usermod -p * vmcluster", users, "the second time")
        self.assertIn(CA, c.text(name, "/var/lib/vmcluster/.ssh/authorized_keys"))
        self.assertIn(OPERATOR, c.text(name, "/home/astro/.ssh/authorized_keys"))
        self.assertIn("skuid != 0 reject", c.text(name, "/etc/vmcluster/metadata.nft"))
        self.assertIn("-f /etc/vmcluster/metadata.nft", c.text(name, "/nft.log"), "closed at once")
        wanted = c.dir + "/" + name + "/etc/systemd/system/multi-user.target.wants"
        self.assertEqual(sorted(os.listdir(wanted)), ["vmcluster-metadata.service", "vmcluster-metadata.timer", "vmcluster-setup.service"], "and at each boot")
        self.assertEqual(os.readlink(wanted + "/vmcluster-metadata.service"), "/etc/systemd/system/vmcluster-metadata.service")
        self.assertEqual(set(c.text(name, "/systemctl.log").splitlines()), {"start --no-block vmcluster-metadata.timer"}, "to read all units takes its time")
        self.assertIn("vmcluster: astro-cpu-1 is set up", c.text(name, "/dev/console"))

    def test_account_keys_are_labelled_for_sshd(self):
        c = self.cluster
        name = c.worker(1)
        c.enter(name)
        self.setup()
        folder = os.path.join(c.dir, name, "var/lib/vmcluster")
        labels = ["semanage fcontext -a -t ssh_home_t /var/lib/vmcluster/\\.ssh(/.*)?", "restorecon -R " + folder,
                  "chcon -R -t ssh_home_t %s/.ssh" % folder]
        self.assertEqual([line for line in c.text(name, "/label.log").splitlines() if "/vmcluster" in line], labels)
        node.Node().write_account_keys(CA, [])
        self.assertEqual(c.text(name, "/label.log").splitlines()[-2:], labels[1:], "semanage takes seconds: once is enough")

    def test_metadata_is_closed_by_iptables_where_nft_does_not_work(self):
        c = self.cluster
        self.assertEqual(self.setup(), 0)
        unit = c.text(FRONT_END, "/etc/systemd/system/vmcluster-metadata.service")
        for early in ("ssh.service", "cron.service"):
            self.assertIn(early, next(line for line in unit.splitlines() if line.startswith("Before="))[len("Before="):].split())
        self.assertIn("ExecStart=/bin/sh /etc/vmcluster/close-metadata\n", unit)
        put(c.dir + "/bin/nft", "#!/bin/sh\nexit 1\n", 0o755)
        for name in ("iptables", "ip6tables"):
            put(c.dir + "/bin/" + name, '#!/bin/sh\necho "$(basename "$0") $*" >>"$CLUSTER_DIR/iptables.log"\ntest "$1" = -I\n', 0o755)
        script = c.path(FRONT_END, "/etc/vmcluster/close-metadata")
        subprocess.run(["/bin/sh", script], check=True)
        rules = ["ip6tables %s OUTPUT -d fe80::a9fe:a9fe -m owner ! --uid-owner 0 -j REJECT", "ip6tables %s FORWARD -d fe80::a9fe:a9fe -j REJECT",
                 "iptables %s FORWARD -d 169.254.169.254 -j REJECT", "iptables %s OUTPUT -d 169.254.169.254 -m owner ! --uid-owner 0 -j REJECT"]
        self.assertEqual(c.text("", "iptables.log").splitlines(), [rule % flag for rule in rules for flag in ("-C", "-I")])
        os.unlink(c.dir + "/bin/nft")
        said = subprocess.run(["/bin/sh", script], env={"PATH": c.dir + "/bin", "CLUSTER_DIR": c.dir}, capture_output=True)
        self.assertNotIn(b"nft", said.stderr, "an image without nft is no failure, every half minute")
        put(c.dir + "/bin/iptables", "#!/bin/sh\nexit 3\n", 0o755)
        self.assertNotEqual(subprocess.run(["/bin/sh", script]).returncode, 0, "a failure is seen")

    def test_metadata_is_closed_again_within_a_minute(self):
        """What clears the packet filter, as "nft flush ruleset" does, clears our rule with it."""
        c = self.cluster
        self.assertEqual(self.setup(), 0)
        timer = dict(line.split("=", 1) for line in c.text(FRONT_END, "/etc/systemd/system/vmcluster-metadata.timer").splitlines() if "=" in line)
        self.assertLess(int(timer["OnUnitActiveSec"]) + int(timer["AccuracySec"]), 60)
        self.assertNotIn("RemainAfterExit", c.text(FRONT_END, "/etc/systemd/system/vmcluster-metadata.service"), "the timer would start it once only")
        self.assertIn("start --no-block vmcluster-metadata.timer", c.text(FRONT_END, "/systemctl.log"))

    def test_forwarded_traffic_and_ipv6(self):
        c = self.cluster
        self.assertEqual(self.setup(), 0)
        chains = c.text(FRONT_END, "/etc/vmcluster/metadata.nft").split("chain ")[1:]
        for hook, chain in zip(("output", "forward"), chains):
            self.assertIn("hook " + hook, chain)
            for address in ("ip daddr 169.254.169.254 ", "ip6 daddr fe80::a9fe:a9fe "):
                self.assertIn(address, chain)
        self.assertNotIn("skuid", chains[1], "forwarded packets belong to no user")

    def test_front_end(self):
        c = self.cluster
        self.assertEqual(self.setup(), 0)
        self.assertIn("start --no-block vmcluster-coordinator.service", c.text(FRONT_END, "/systemctl.log"))
        self.assertFalse(c.has(FRONT_END, "/var/lib/vmcluster/.ssh/authorized_keys"))

    def test_front_end_notes_how_long_its_ssh_server_was_there_before_the_accounts(self):
        c = self.cluster
        for started, want in ((None, ""), (-5, ""), (7, "7."), (90, "7.")):  # ago; a clock that was put back; once is enough
            if started is not None:
                pid = os.path.join(c.dir, FRONT_END, "run/sshd.pid")
                put(pid, "1\n")
                os.utime(pid, (0, time.time() - started))
            c.enter(FRONT_END)
            self.assertEqual(self.setup(), 0)
            self.assertEqual(c.has(FRONT_END, files.ACCOUNT_AFTER) and c.text(FRONT_END, files.ACCOUNT_AFTER)[:2] or "", want)
        name = c.worker(1)
        put(os.path.join(c.dir, name, "run/sshd.pid"), "1\n")
        c.enter(name)
        self.setup()
        self.assertFalse(c.has(name, files.ACCOUNT_AFTER))

    def test_taken_uid_is_said_and_the_rest_done(self):
        c = self.cluster
        name = c.worker(1)
        put(os.path.join(c.dir, name, "etc/passwd"), "irc:x:%d:39::/run:/bin/sh\n" % os.getuid())
        c.enter(name)
        self.assertEqual(self.setup(), 1)
        self.assertIn("belong to irc", c.text(name, "/dev/console"))
        self.assertTrue(c.has(name, "/var/lib/vmcluster/.ssh/authorized_keys"))
        self.assertIn("belong to irc", node.Requests(node.Node()).answer({"verb": "join"})["error"])

    def test_front_end_without_a_login_user_reports_it(self):
        c = self.cluster
        put(os.path.join(c.dir, FRONT_END, "etc/passwd"), "irc:x:%d:39::/run:/bin/sh\n" % os.getuid())
        c.enter(FRONT_END)
        self.assertEqual(self.setup(), 1)
        self.assertIn("start --no-block vmcluster-coordinator.service", c.text(FRONT_END, "/systemctl.log"))
        self.assertIn("belong to irc", c.settle(c.coordinator(), 2)["error"])

    def test_home_behind_a_link_is_writable_for_the_coordinator(self):
        c = self.cluster
        user = accounts.Account("astro", os.getuid(), os.getgid(), c.path("", "link"), "/bin/bash")
        os.makedirs(c.path("", "data"))
        os.symlink(c.path("", "data"), c.path("", "link"))
        self.patch(accounts, "account", lambda name: user)
        setup.Setup(node.Node()).coordinator()
        unit = c.text(FRONT_END, "/etc/systemd/system/vmcluster-coordinator.service")
        self.assertIn("-/home -%s\n" % os.path.realpath(c.path("", "data")), unit)

    def during(self, step, verb, number=1):
        """Has a request come to a new worker during one of its set-up's steps; returns the order in which both end."""
        c = self.cluster
        name = c.worker(number)
        c.enter(name)
        steps, order = setup.Setup(node.Node()), []
        requests = node.Requests(steps.node)

        def coordinator_comes():
            request = threading.Thread(target=lambda: order.append((verb, requests.answer({"verb": verb}))))
            request.start()
            self.addCleanup(request.join)
            self.assertTrue(c.has(name, "/var/lib/vmcluster/.ssh/authorized_keys"), "it could log in")
            request.join(0.5)
            order.append("step")
        setattr(steps, step, coordinator_comes)
        self.assertEqual(steps.run(), 0)
        for _ in range(100):
            if len(order) == 2:
                break
            time.sleep(0.05)
        return order

    def test_worker_joins_beside_the_slow_steps(self):
        for number, step in enumerate(("hold_batch_system", "close_metadata")):
            with self.subTest(step):
                (verb, answer), then = self.during(step, "join", number)
                self.assertEqual((verb, answer["ok"], answer["home"], then), ("join", True, "", "step"))
                self.assertTrue(answer["host_key"] and answer["user_key"])

    def test_slow_steps_leave_the_processor_to_a_join(self):
        c = self.cluster
        c.enter(c.worker(1))
        steps, found = setup.Setup(node.Node()), []
        before = os.getpriority(os.PRIO_PROCESS, 0)
        self.patch(os, "setpriority", lambda _which, _who, value: found.append(value))
        steps.close_metadata = lambda: found.append("step")
        self.assertEqual(steps.run(), 0)
        self.assertEqual(found, [max(before, setup.POLITE), "step", before])

    def test_what_a_join_needs_is_done_before_it_is_answered(self):
        then, (verb, answer) = self.during("own_name", "join")
        self.assertEqual((then, verb, answer["ok"]), ("step", "join", True))

    def test_other_requests_wait_for_the_setup(self):
        for number, verb in enumerate(("apply", "retire", "resume", "certify", "home")):
            with self.subTest(verb):
                self.assertEqual(self.during("close_metadata", verb, number)[0], "step")

    def test_nobody_is_let_in_before_the_metadata_address_is_closed(self):
        c = self.cluster
        name = c.worker(1)
        c.enter(name)
        steps = setup.Setup(node.Node())
        steps.close_metadata = lambda: self.assertFalse(c.has(name, "/home/astro/.ssh/authorized_keys"))
        self.assertEqual(steps.run(), 0)
        self.assertIn(OPERATOR, c.text(name, "/home/astro/.ssh/authorized_keys"))

    def test_long_setup_is_named(self):
        c = self.cluster
        c.enter(c.worker(1))
        self.patch(node, "LOCK_WAIT", 0)
        with files.locked(lock=files.SETTING_UP):
            answer = node.Requests(node.Node()).answer({"verb": "home"})
        self.assertEqual(answer, {"ok": False, "error": "the set-up has been under way for more than 0 s"})

    def test_home_is_worked_on_by_a_child_with_the_users_rights(self):
        c = self.cluster
        c.enter(c.worker(1))
        user = accounts.Account("astro", os.getuid(), os.getgid(), "/home/astro", "/bin/bash")
        os.makedirs(c.path("astro-cpu-1", "/home/astro"))
        called = open(os.path.join(c.dir, "called"), "ab", buffering=0)
        self.addCleanup(called.close)
        for name in ("setgroups", "setgid", "setuid"):  # only root may
            real = getattr(os, name)
            self.addCleanup(setattr, os, name, real)
            setattr(os, name, lambda what, name=name: called.write(b"%s(%r) " % (name.encode(), what)))
        answer = json.loads(home.in_child(user, {"id": "i1", "home": user.home, "keys": ["ssh-ed25519 AAAA"]}))
        self.assertEqual(c.text("", "called"), "setgroups([]) setgid(%d) setuid(%d) " % (user.gid, user.uid))
        self.assertRegex(answer.get("user_key", answer), "^ssh-ed25519 AAAA")
        self.assertIn("ssh-ed25519 AAAA\n", c.text("astro-cpu-1", "/home/astro/.ssh/authorized_keys"))
        for how, want in ((lambda what: os.kill(os.getpid(), 9), "ended early"), (lambda what: 1 // 0, "ZeroDivisionError")):
            os.setuid = how
            self.patch(os, "geteuid", lambda: user.uid + 1)
            with self.assertRaisesRegex(system.Failure, want):
                home.in_home(user, {"id": "i1"})

    def test_step_that_fails_once_is_repeated(self):
        c = self.cluster
        name = c.worker(1)
        put(c.path(name, "held"), "")
        c.enter(name)
        self.assertEqual(self.setup(), 0)
        self.assertIn("try again later", c.text(name, "/dev/console"))
        self.assertEqual(c.text(name, "/users.log").count("useradd"), 3, "one of them twice")
        self.assertEqual(c.text(name, "/nft.log").count("metadata.nft"), 1, "what succeeded is not repeated")
        self.assertIn("vmcluster: astro-cpu-1 is set up", c.text(name, "/dev/console"))

    def test_setup_that_did_not_end_well_is_repeated_at_the_next_boot(self):
        c = self.cluster
        name = c.worker(1)
        put(os.path.join(c.dir, name, "etc/passwd"), "irc:x:%d:39::/run:/bin/sh\n" % os.getuid())
        c.enter(name)
        self.assertEqual(self.setup(), 1)
        self.assertTrue(os.path.islink(c.dir + "/" + name + "/etc/systemd/system/multi-user.target.wants/vmcluster-setup.service"))
        unit = c.text(name, "/etc/systemd/system/vmcluster-setup.service")
        self.assertIn("ExecStart=/usr/local/sbin/vmcluster-node setup\n", unit)
        mark = next(line for line in unit.splitlines() if line.startswith("ConditionPathExists=!")).split("!")[1]
        self.assertFalse(c.has(name, mark))
        put(os.path.join(c.dir, name, "etc/passwd"), "")
        self.assertEqual(self.setup(), 0)
        self.assertTrue(c.has(name, mark))

    def test_unexpected_exception_stops_one_step_only(self):
        c = self.cluster
        name = c.worker(1)
        put(os.path.join(c.dir, name, "etc/passwd"), "+::::::\n")
        put(os.path.join(c.dir, name, "etc/group"), "+:::\n")
        c.enter(name)
        self.assertEqual(self.setup(), 0, "a line for NIS is no account")

        def older_python(*_):
            raise TypeError("run() got an unexpected keyword argument 'user'")
        self.patch(home, "in_home", older_python)
        os.unlink(os.path.join(c.dir, name, "var/lib/vmcluster/.ssh/authorized_keys"))
        self.assertEqual(self.setup(), 1)
        self.assertIn("unexpected keyword argument 'user'", c.text(name, "/dev/console"))
        self.assertTrue(c.has(name, "/var/lib/vmcluster/.ssh/authorized_keys"))
        answer = node.Requests(node.Node()).answer({"verb": "join"})
        self.assertEqual((answer["ok"], "unexpected keyword argument 'user'" in answer["home"]), (True, True), answer)
