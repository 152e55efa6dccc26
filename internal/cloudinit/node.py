"""vmcluster-node: what a node of a vmcluster cluster does by itself.

  setup       from cloud-init, and at a boot after one that did not end well:
              accounts, access for the coordinator, units
  remote      a request of the coordinator, JSON on stdin, answer on stdout
  coordinate  the front-end's daemon: joins workers, distributes the roster,
              drains those who leave, reports upward
  hand-over   for clouds without a metadata service: the last new worker takes the
              roster that it was born with to the front-end
  home        internal: the part that works in the login user's home, with that
              user's rights only

Data flows one way: cluster document -> coordinator -> bundle -> every node.
Everything is level-triggered: each step compares what is with what should be,
so that a crash or a lost answer costs a repetition and nothing else.

Python's standard library only. VMCLUSTER_ROOT puts all files elsewhere (tests).
A request costs a worker a start of this program: what only the coordinator needs,
or few do, is imported where it is used.
"""

import base64
import collections
import fcntl
import ipaddress
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import zlib

ROOT = os.environ.get("VMCLUSTER_ROOT", "/")
METADATA = os.environ.get("VMCLUSTER_METADATA", "http://169.254.169.254")
PROGRAM = "/usr/local/sbin/vmcluster-node"

NODE_FILE = "/etc/vmcluster/node.json"
FIRST_DOCUMENT = "/etc/vmcluster/document.json"
HANDED = "/var/lib/vmcluster-node/handed.json"  # a document that a worker brought
FIRST_KEY = "/etc/vmcluster/first_key"  # with -cert.pub beside it, good for two hours
STATE = "/var/lib/vmcluster-node"
SET_UP = STATE + "/set-up"  # there once setup has ended well
USER_KEY = STATE + "/user_key.pub"  # the login user's, as setup made it

ACCOUNT = "vmcluster"  # the coordinator's account on workers
ACCOUNT_HOME = "/var/lib/vmcluster"
FORCED_COMMAND = "sudo -n %s remote" % PROGRAM

FIRST_KEY_TTL = 2 * 3600  # the certificate's own end; from then on it is litter
MAX_REPORT = 1020
BUSY_INTERVAL = 4  # seconds; 5 reads and writes of the metadata service in 10 s, of 10 allowed
QUIET_INTERVAL = 15  # the metadata service itself caches for 15 s
SETTLE = 10  # a new bundle waits this long for joins that are under way
FIRST_RETRY, LAST_RETRY = 5, 60
BOOT_RETRY, BOOT_TRIES = 2, 180  # a worker that boots is asked this often, for some minutes
SETUP_TRIES, SETUP_PAUSE = 5, 10
GIVEN_UP = 12  # a worker that is to leave and can't be reached so often is not waited for

LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
ADDRESS = re.compile(r"[0-9a-fA-F:.]+")  # and no IPv6 scope, which may be anything
PUBLIC_KEY = re.compile(r"^(ssh-|ecdsa-|sk-)[-a-z0-9@.]+ [A-Za-z0-9+/=]+$")


class Failure(Exception):
    """Something that went wrong in a way worth telling in one line."""


# ---------------------------------------------------------------- files

def at(path):
    return os.path.join(ROOT, path.lstrip("/"))


def read(path, default=""):
    try:
        with open(at(path), encoding="utf-8", errors="surrogateescape") as f:
            return f.read()
    except FileNotFoundError:
        return default


def read_json(path, default=None):
    try:
        return json.loads(read(path))
    except ValueError:
        return default


def write(path, text, mode=None):
    """Replaces a file atomically; tells whether that changed its content.

    mode None keeps the mode of a file that exists; the owner stays in any case.
    """
    target = os.path.realpath(at(path))
    try:
        old = os.stat(target)
    except FileNotFoundError:
        old = None
    want = mode if mode is not None else (old.st_mode & 0o7777 if old else 0o644)
    if old and old.st_mode & 0o7777 == want and read(path, None) == text:
        return False
    folder = os.path.dirname(target)
    os.makedirs(folder, exist_ok=True)
    # A name that starts with a dot is passed over by sudo, sshd and HTCondor.
    temporary = "%s/.vmcluster-%s" % (folder, os.urandom(8).hex())
    fd = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(fd, "w", encoding="utf-8", errors="surrogateescape") as f:
            f.write(text)
            f.flush()
            os.fchmod(f.fileno(), want)
            if old and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(f.fileno(), old.st_uid, old.st_gid)
            os.fsync(f.fileno())
        os.rename(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
    return True


def remove(path):
    try:
        os.unlink(at(path))
        return True
    except FileNotFoundError:
        return False


def with_block(text, cluster_id, lines):
    """Returns text with our marked block holding lines; all else is untouched."""
    begin, end = "# BEGIN vmcluster " + cluster_id, "# END vmcluster " + cluster_id
    block = [begin, *lines, end] if lines else []
    have = text.splitlines()
    first = have.index(begin) if begin in have else None
    last = have.index(end, first) if first is not None and end in have[first:] else first
    if first is None:
        have += block
    else:
        have[first:last + 1] = block
    return "\n".join(have) + "\n" if have else ""


def without_loopback(text, name):
    """Takes a node's own name, with any domain, off loopback lines of a hosts file, or programs
    on that node (MPI, HTCondor) take 127.0.1.1 for its address."""
    out = []
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if words and (words[0].startswith("127.") or words[0] == "::1"):
            kept = [w for w in words[1:] if w.split(".")[0] != name]
            if kept != words[1:]:
                if not kept:
                    continue
                line = words[0] + "\t" + " ".join(kept)
        out.append(line)
    return "\n".join(out) + "\n" if out else ""


# ---------------------------------------------------------------- other programs

def run(*command, text=None, timeout=60, **options):
    """Runs a program; returns its stdout, or raises Failure with its words."""
    env = dict(os.environ, LC_ALL="C")
    try:
        p = subprocess.run(command, input=text, stdin=subprocess.DEVNULL if text is None else None,
                           capture_output=True, text=True, errors="replace", timeout=timeout, env=env, **options)
    except FileNotFoundError:
        raise Failure("%s is not installed" % command[0])
    except subprocess.TimeoutExpired:
        raise Failure("%s: no answer within %d s" % (command[0], timeout))
    if p.returncode != 0:
        words = (p.stderr.strip() or p.stdout.strip() or "exit status %d" % p.returncode).splitlines()
        raise Failure("%s: %s" % (command[0], " / ".join(words[-3:])[:400]))
    return p.stdout


def works(*command, **options):
    try:
        run(*command, **options)
        return True
    except Failure:
        return False


def told(error):
    """What an exception says; of one that nobody expected, its kind too."""
    return str(error) if isinstance(error, (Failure, OSError)) else "%s: %s" % (type(error).__name__, error)


def say(text):
    """One line for people: the journal, and the console that the cloud shows."""
    print("vmcluster: " + text, file=sys.stderr, flush=True)
    try:
        with open(at("/dev/console"), "a") as console:
            console.write("vmcluster: %s\n" % text)
    except OSError:
        pass


def enable(unit):
    """Has a program's own unit started at each boot. systemd is not told to read
    all units again for that: it takes seconds on a slow machine."""
    run("systemctl", "enable", "--no-reload", unit)


def disable(unit):
    """Stops a unit, and keeps it from being started at the next boot."""
    run("systemctl", "disable", "--no-reload", "--now", unit, timeout=120)


def install_unit(unit, text):
    """Writes a unit of ours, which systemd starts from the next boot on. The link
    is what "enable" would make by its [Install] section."""
    path, link = "/etc/systemd/system/" + unit, "/etc/systemd/system/multi-user.target.wants/" + unit
    write(path, text)
    os.makedirs(os.path.dirname(at(link)), exist_ok=True)
    if not os.path.islink(at(link)):
        os.symlink(path, at(link))


def start_new(unit, text):
    """Writes a unit, and starts it now and at each boot."""
    install_unit(unit, text)
    run("systemctl", "daemon-reload")
    run("systemctl", "start", "--no-block", unit)


def beside(step):
    """Begins a step that takes its time; what is returned waits for its end, and
    raises what it raised."""
    raised = []

    def work():
        try:
            step()
        except Exception as error:
            raised.append(error)
    thread = threading.Thread(target=work)
    thread.start()

    def wait():
        thread.join()
        if raised:
            raise raised[0]
    return wait


def running(program):
    """Tells whether a process of that name runs, whatever started it."""
    for pid in filter(str.isdigit, os.listdir(at("/proc")) if os.path.isdir(at("/proc")) else []):
        if read("/proc/%s/comm" % pid).strip() == program:
            return True
    return False


def locked():
    """The lock under which a node changes; held until the file is closed."""
    os.makedirs(at(STATE), mode=0o700, exist_ok=True)
    f = open(at(STATE + "/lock"), "w")
    fcntl.flock(f, fcntl.LOCK_EX)
    return f


# ---------------------------------------------------------------- keys, accounts

def public_key(text):
    """Returns "type base64" of a public key's line, or "" if it is none."""
    key = " ".join(text.split()[:2])
    return key if PUBLIC_KEY.match(key) else ""


def make_key(path):
    """Makes an ed25519 key once and returns its public half. One that a crash cut
    off is made anew; one that a user gave a passphrase is as good as any."""
    folder = os.path.dirname(at(path))
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if "-----END " not in read(path):
        import tempfile
        with tempfile.TemporaryDirectory(prefix=".vmcluster-", dir=folder) as made:
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", made + "/key")
            for end, mode in ((".pub", 0o644), ("", 0o600)):
                with open(made + "/key" + end, encoding="ascii") as f:
                    write(path + end, f.read(), mode)
    return public_key(read(path + ".pub")) or public_key(run("ssh-keygen", "-y", "-f", at(path)))


Account = collections.namedtuple("Account", "name uid gid home shell")


def accounts():
    for line in read("/etc/passwd").splitlines():
        f = line.split(":")
        if len(f) == 7 and f[2].isdigit() and f[3].isdigit():  # NIS has lines of its own
            yield Account(f[0], int(f[2]), int(f[3]), f[5], f[6])


def account(name):
    return next((a for a in accounts() if a.name == name), None)


def groups():
    return {f[0]: int(f[2]) for f in (line.split(":") for line in read("/etc/group").splitlines()) if len(f) >= 3 and f[2].isdigit()}


def ensure_login_user(name, uid):
    """Makes the login user with the same uid and gid as on every other node."""
    owner = next((a.name for a in accounts() if a.uid == uid and a.name != name), None)
    group_owner = next((g for g, gid in groups().items() if gid == uid and g != name), None)
    if owner or group_owner:
        raise Failure("login user %s cannot have uid and gid %d: they belong to %s in this image; choose another login_uid"
                      % (name, uid, owner or "group " + group_owner))
    if name not in groups():
        run("groupadd", "-g", str(uid), name)
    elif groups()[name] != uid:
        run("groupmod", "-g", str(uid), name)
    have = account(name)
    if have is None:
        # '*' is "no password"; '!' would be "locked", which sshd without PAM refuses.
        run("useradd", "-m", "-p", "*", "-u", str(uid), "-g", name, "-s", "/bin/bash", name)
    elif (have.uid, have.gid) != (uid, uid):
        run("usermod", "-u", str(uid), "-g", name, name)
    return account(name)


def in_home(user, request):
    """Runs the home verb with the user's rights: root must not follow links
    that the user could have laid in a directory of theirs."""
    request = dict(request, home=user.home)
    if os.geteuid() == user.uid:
        return home(request)
    if threading.active_count() == 1:
        return home_in_child(user, request)
    # A fork would take over locks that other threads hold.
    program = at(PROGRAM) if os.path.exists(at(PROGRAM)) else os.path.abspath(__file__)
    return json.loads(run(sys.executable, program, "home", text=json.dumps(request), cwd="/",
                          user=user.uid, group=user.gid, extra_groups=[]))


def home_in_child(user, request):
    """What the home verb does, without another start of this program."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(user.gid)
            os.setuid(user.uid)
            os.chdir("/")
            os.write(theirs, json.dumps(home(request)).encode())
        except BaseException as error:
            os.write(theirs, json.dumps({"error": told(error)}).encode())
        finally:
            os._exit(0)  # whatever happens: what follows is the parent's
    os.close(theirs)
    with os.fdopen(ours) as f:
        said = f.read()
    os.waitpid(child, 0)
    answer = json.loads(said or '{"error": "it ended early"}')
    if "error" in answer:
        raise Failure("work in the home of %s: %s" % (user.name, answer["error"]))
    return answer


def home(request):
    folder = request["home"] + "/.ssh"
    os.makedirs(at(folder), mode=0o700, exist_ok=True)
    key = make_key(folder + "/id_ed25519")
    if request.get("keys") is not None:
        path = folder + "/authorized_keys"
        write(path, with_block(read(path), request["id"], request["keys"]), None if read(path) else 0o600)
    works("restorecon", "-R", at(folder))
    return {"user_key": key}


# ---------------------------------------------------------------- a node

class Node:
    """This node: who it is, and what the coordinator may do to it."""

    def __init__(self):
        self.config = read_json(NODE_FILE)
        if not self.config:
            raise Failure("%s is missing or is not JSON" % NODE_FILE)
        self.id = self.config["id"]
        self.name = self.config["name"]
        self.domain = self.config["cluster"] + ".vmcluster.internal"
        self.is_front_end = self.config["role"] == "front_end"
        self.login_user = self.config.get("login_user") or ""
        self.by_last_worker = self.config.get("coordinator") == "last_worker"

    def full(self, name):
        return name + "." + self.domain

    # ---- first boot

    def setup(self):
        """Runs every step even if one fails: a node that can be reached and says
        what is wrong is worth more than one that stops early. What failed is tried
        again: somebody else may have held the lock of the accounts, for instance.

        Once the account is there the coordinator may come; its request waits for
        the lock, and is answered when the other steps are done."""
        steps = [self.setup_at_boot, self.close_metadata]
        if self.by_last_worker or not self.is_front_end:
            steps.append(self.setup_account)
        steps += [self.hold_batch_system, self.name_itself]
        if self.login_user:
            steps.append(self.setup_login_user)
        if self.is_front_end:
            steps.append(self.setup_coordinator)
        elif os.path.exists(at(FIRST_DOCUMENT)):
            steps.append(self.setup_hand_over)
        said = set()
        for tries in range(SETUP_TRIES):
            time.sleep(SETUP_PAUSE if tries else 0)
            with locked():
                steps = [step for step in steps if not self.done(step, said)]
            if not steps:
                write(SET_UP, "")
                say("%s is set up" % self.name)
                return 0
        return 1

    def done(self, step, said):
        try:
            step()
            return True
        except Exception as error:
            if told(error) not in said:
                say("setup of %s: %s" % (self.name, told(error)))
            said.add(told(error))
            return False

    def setup_at_boot(self):
        """cloud-init runs its commands once, even if the node is reset meanwhile."""
        if sys.version_info < (3, 9):
            say("this image's Python is %d.%d; the node program needs 3.9 or newer" % sys.version_info[:2])
        install_unit("vmcluster-setup.service", SETUP_UNIT)

    def close_metadata(self):
        """User data can be read by every local user at the metadata address;
        it is limited to root, now and at each boot."""
        write("/etc/vmcluster/metadata.nft", METADATA_NFT)
        iptables = " || ".join("iptables -%s OUTPUT -d 169.254.169.254 -m owner ! --uid-owner 0 -j REJECT" % flag for flag in "CA")
        command = "nft -f /etc/vmcluster/metadata.nft || " + iptables
        run("sh", "-c", command)
        install_unit("vmcluster-metadata.service", METADATA_UNIT % command)

    def hold_batch_system(self):
        """The batch system's daemons start with our configuration or not at all."""
        if self.config.get("batch_system") == "htcondor" and not read(HTCondor.CONFIG) and HTCondor.installed():
            disable(HTCondor.SERVICE)

    def name_itself(self):
        """Until the first bundle comes, sudo and others want to resolve this
        node's name, and would wait for a DNS server that does not know it."""
        if not self.applied():
            self.write_hosts([[own_address(), self.name]])

    def setup_login_user(self):
        user = ensure_login_user(self.login_user, self.config["login_uid"])
        keys = [k for k in [self.config.get("operator_key")] if k]
        remove(USER_KEY)
        made = in_home(user, {"id": self.id, "keys": None if self.applied() else keys})
        write(USER_KEY, made["user_key"], 0o600)

    def setup_account(self):
        if account(ACCOUNT):
            run("usermod", "-p", "*", ACCOUNT)
        else:
            run("useradd", "--system", "--user-group", "--no-create-home", "-p", "*", "-d", ACCOUNT_HOME, "-s", "/bin/sh", ACCOUNT)
        # For SELinux: sshd may read keys in homes that its policy knows of, and this is none.
        works("semanage", "fcontext", "-a", "-t", "ssh_home_t", ACCOUNT_HOME + r"/\.ssh(/.*)?")
        if not self.applied():
            self.write_account_keys(self.config["ca"], [self.config.get("coordinator_key")])

    def setup_coordinator(self):
        start_new("vmcluster-coordinator.service", COORDINATOR_UNIT)

    def setup_hand_over(self):
        start_new("vmcluster-hand-over.service", HAND_OVER_UNIT)

    # ---- requests

    def serve(self, request):
        """A request from elsewhere. Nobody but its own coordinator tells the
        front-end what to apply; it takes a roster where that is the way."""
        if not self.is_front_end:
            return self.answer(request)
        if not self.by_last_worker or not isinstance(request, dict) or request.get("verb") != "roster":
            return {"ok": False, "error": "no such verb"}
        with locked():
            return self.take_roster(request.get("document"))

    def take_roster(self, document):
        try:
            mine = document["id"] == self.id and isinstance(document["generation"], int) and document.get("version") == 1
        except (KeyError, TypeError):
            mine = False
        if not mine:
            return {"ok": False, "error": "that is no document of this cluster"}
        # Equal: of a run that was cut short nobody may know what it had brought.
        if document["generation"] >= (read_json(HANDED) or {}).get("generation", 0):
            write(HANDED, json.dumps(document), 0o600)
        return {"ok": True}

    def answer(self, request):
        verbs = {"ping": self.ping, "join": self.join, "apply": self.apply, "retire": self.retire, "resume": self.resume}
        try:
            verb = verbs[request["verb"]]
        except (KeyError, TypeError):
            return {"ok": False, "error": "no such verb"}
        try:
            with locked():
                return dict({"ok": True}, **verb(request))
        except Exception as error:  # as in setup
            return {"ok": False, "error": told(error)}

    def ping(self, _request):
        return {"name": self.name, "generation": self.applied().get("generation")}

    def join(self, _request):
        """Makes this node's lasting keys, once, and returns their public halves."""
        user_key = ""
        if self.login_user:
            user = ensure_login_user(self.login_user, self.config["login_uid"])
            # A node that is new has just made the key; later the user may have another.
            user_key = not self.applied() and read(USER_KEY) or in_home(user, {"id": self.id})["user_key"]
        if self.is_front_end:
            host_key = public_key(read("/etc/ssh/ssh_host_ed25519_key.pub"))
            if not host_key:
                raise Failure("this image's sshd has no ed25519 host key")
        else:
            host_key = make_key(STATE + "/host_key")
        return {"name": self.name, "host_key": host_key, "user_key": user_key, "retired": os.path.exists(at(STATE + "/retired")),
                "generation": self.applied().get("generation")}

    def applied(self):
        return read_json(STATE + "/applied.json") or {}

    def apply(self, request):
        """Puts a bundle into effect. What counts is recorded last, so that an
        interrupted apply is done again from the start."""
        generation, bundle = request["generation"], request["bundle"]
        digest = fingerprint(bundle)
        applied = self.applied()
        if applied and generation <= applied["generation"]:
            if applied == {"generation": generation, "digest": digest}:
                return {"generation": generation}
            return {"ok": False, "error": "stale", "generation": applied["generation"]}
        if not self.is_front_end and not os.path.exists(at(STATE + "/host_key")):
            return {"ok": False, "error": "not joined"}
        self.write_hosts(bundle["hosts"])
        known = ["%s,%s,%s %s" % (name, self.full(name), address, key) for name, address, key in bundle["known_hosts"]]
        write("/etc/ssh/ssh_known_hosts", with_block(read("/etc/ssh/ssh_known_hosts"), self.id, known))
        if self.login_user:
            user = ensure_login_user(self.login_user, self.config["login_uid"])
            in_home(user, {"id": self.id, "keys": bundle["authorized_keys"]})
        if not self.is_front_end:
            self.write_account_keys(bundle["ca"], bundle["coordinator_keys"])
            key_is_shown = beside(lambda: self.show_host_key(bundle["host_certificate"]))
        elif self.by_last_worker:
            self.write_account_keys(bundle["ca"], [])
        if bundle["batch"]["type"] == "htcondor":
            own = [address for address, name in bundle["hosts"] if name == self.name]
            HTCondor(self, bundle["batch"], *own[:1]).start()
        if not self.is_front_end:
            key_is_shown()
        write(STATE + "/applied.json", json.dumps({"generation": generation, "digest": digest}), 0o600)
        return {"generation": generation}

    def write_hosts(self, hosts):
        lines = ["%s %s %s" % (address, self.full(name), name) for address, name in hosts]
        rest = without_loopback(with_block(read("/etc/hosts"), self.id, []), self.name)
        write("/etc/hosts", with_block(rest, self.id, lines))

    def write_account_keys(self, ca, keys):
        forced = 'restrict,command="%s"' % FORCED_COMMAND
        lines = ['cert-authority,principals="%s",%s %s' % (self.config["principal"], forced, ca)]
        lines += ["%s %s" % (forced, key) for key in keys if key]
        # Root's own files, so that the account cannot change who may use it.
        os.makedirs(at(ACCOUNT_HOME + "/.ssh"), mode=0o755, exist_ok=True)
        write(ACCOUNT_HOME + "/.ssh/authorized_keys", "\n".join(lines) + "\n", 0o644)
        works("restorecon", "-R", at(ACCOUNT_HOME))
        works("chcon", "-R", "-t", "ssh_home_t", at(ACCOUNT_HOME + "/.ssh"))  # there may be no semanage

    def show_host_key(self, certificate):
        """Puts the lasting host key in the place of the throw-away one, whose
        private half was in the user data, with a certificate by which a later
        front-end can tell this node. The session that asks survives."""
        if not public_key(certificate):
            raise Failure("the bundle holds no host certificate")
        key = "/etc/ssh/ssh_host_ed25519_key"
        changed = write(key, read(STATE + "/host_key"), 0o600)
        changed |= write(key + ".pub", read(STATE + "/host_key.pub"), 0o644)
        changed |= write(key + "-cert.pub", certificate + "\n", 0o644)
        changed |= name_certificate(key + "-cert.pub")
        if changed or not self.applied():  # a run that was cut short may have changed it
            works("restorecon", "-R", at("/etc/ssh"))
            if not works("systemctl", "reload", "ssh.service") and not works("systemctl", "reload", "sshd.service"):
                raise Failure("sshd did not reload its host key")

    # ---- leaving

    def retire(self, _request):
        """Once the batch system's worker daemon has ended, keeps it from coming
        back (a reboot would start it), and says so."""
        if self.config.get("batch_system") == "htcondor":
            for _ in range(10):  # a startd that was idle ends within a second
                if not running("condor_startd") and not running("condor_starter"):
                    break
                time.sleep(0.5)
            else:
                return {"drained": False}
            write(STATE + "/retired", "", 0o600)
            if HTCondor.installed():
                disable(HTCondor.SERVICE)
        return {"drained": True}

    def resume(self, _request):
        remove(STATE + "/retired")
        if self.config.get("batch_system") == "htcondor" and self.applied():
            enable(HTCondor.SERVICE)
            # A master whose startd has ended by a drain does not start it again.
            run("systemctl", "start" if running("condor_startd") else "restart", HTCondor.SERVICE, timeout=120)
        return {}


METADATA_NFT = """\
table inet vmcluster
delete table inet vmcluster
table inet vmcluster {
	chain output {
		type filter hook output priority 0; policy accept;
		ip daddr 169.254.169.254 meta skuid != 0 reject
		ip6 daddr fe80::a9fe:a9fe meta skuid != 0 reject
	}
}
"""

METADATA_UNIT = """\
[Unit]
Description=vmcluster: the metadata address is for root only
After=nftables.service firewalld.service
Before=ssh.service sshd.service systemd-user-sessions.service cron.service crond.service atd.service condor.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c '%s'

[Install]
WantedBy=multi-user.target
"""

SETUP_UNIT = """\
[Unit]
Description=vmcluster: sets this node up, if that has not ended well before
Wants=network-online.target
After=network-online.target remote-fs.target
ConditionPathExists=!%s

[Service]
Type=oneshot
ExecStart=%s setup

[Install]
WantedBy=multi-user.target
""" % (SET_UP, PROGRAM)

COORDINATOR_UNIT = """\
[Unit]
Description=vmcluster: joins workers and distributes the roster
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=%s coordinate
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target
""" % PROGRAM


HAND_OVER_UNIT = """\
[Unit]
Description=vmcluster: takes the roster to the front-end
Wants=network-online.target
After=network-online.target
ConditionPathExists=%s

[Service]
ExecStart=%s hand-over
Restart=on-failure
RestartSec=10

[Install]
WantedBy=multi-user.target
""" % (FIRST_KEY, PROGRAM)


def name_certificate(path):
    """Has sshd show a host certificate; as a rule cloud-init has seen to that."""
    line, main, folder = "HostCertificate " + path, "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d"
    pieces = sorted(f for f in os.listdir(at(folder)) if f.endswith(".conf")) if os.path.isdir(at(folder)) else []
    included = re.search(r"(?mi)^\s*Include\s+(\S*/)?sshd_config\.d/\*\.conf", read(main))
    if any(line in read(f).splitlines() for f in [main] + ([folder + "/" + f for f in pieces] if included else [])):
        return False
    if included:
        return write(folder + "/50-vmcluster.conf", line + "\n", 0o644)
    return write(main, line + "\n" + read(main))  # first: what follows a Match belongs to it


def fingerprint(value):
    import hashlib
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]


def own_address(towards="169.254.169.254"):
    """The address that this node has on the way to another; nothing is sent. Where
    there is no way (a subnet without a gateway, or with IPv6 alone) it is the first."""
    with socket.socket(socket.AF_INET6 if ":" in towards else socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect((towards, 9))
            return s.getsockname()[0]
        except OSError:
            have = run("ip", "-o", "addr", "show", "scope", "global")
    found = re.search(r" inet ([0-9.]+)", have) or re.search(r" inet6 ([0-9a-f:]+)", have)
    if not found:
        raise Failure("find this node's own address: it has none")
    return found.group(1)


def is_here(address):
    """Tells whether an interface of this node has that address."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.bind((address, 0))
            return True
        except OSError:
            return False


# ---------------------------------------------------------------- HTCondor

class HTCondor:
    """The batch system of one node. batch is the bundle's part about it:
    manager (full name of the front-end) and, for a worker, its token.

    Each worker has a token of its own, good for advertising itself and for
    reading. The front-end keeps it in its state file, beside the worker's name,
    and revokes it when the worker is gone."""

    SERVICE = "condor.service"
    CONFIG = "/etc/condor/config.d/90-vmcluster.conf"
    POOL_KEY = "/etc/condor/passwords.d/POOL"
    TOKEN = "/etc/condor/tokens.d/vmcluster"
    REVOKED = "/etc/condor/config.d/91-vmcluster-revoked.conf"

    COMMON = """\
# Written by vmcluster-node; put your own settings into a file that sorts later.
CONDOR_HOST = {manager}
UID_DOMAIN = {domain}
TRUST_DOMAIN = {domain}
DEFAULT_DOMAIN_NAME = {domain}
NETWORK_HOSTNAME = {full}
FILESYSTEM_DOMAIN = $(FULL_HOSTNAME)
use security:recommended_v9_0
UPDATE_INTERVAL = 30
MASTER_UPDATE_INTERVAL = 30
CLASSAD_LIFETIME = 180
"""
    FRONT_END = """\
DAEMON_LIST = MASTER COLLECTOR NEGOTIATOR SCHEDD
NEGOTIATOR_INTERVAL = 10
NEGOTIATOR_CYCLE_DELAY = 5
NEGOTIATOR_MIN_INTERVAL = 1
SCHEDD_INTERVAL = 15
# Their own ads would otherwise live for 180 s of the 900 and 300 between two updates.
COLLECTOR_UPDATE_INTERVAL = 30
NEGOTIATOR_UPDATE_INTERVAL = 30
"""
    WORKER = """\
DAEMON_LIST = MASTER STARTD
NUM_SLOTS = 1
NUM_SLOTS_TYPE_1 = 1
SLOT_TYPE_1 = 100%
SLOT_TYPE_1_PARTITIONABLE = True
START = True
SUSPEND = False
PREEMPT = False
KILL = False
RUNBENCHMARKS = False
# A worker that is told to leave lets its jobs finish, for up to 30 days.
MAXJOBRETIREMENTTIME = 86400 * 30
VmclusterName = "{name}"
VmclusterGroup = "{group}"
NovaInstanceUUID = "{uuid}"
STARTD_ATTRS = $(STARTD_ATTRS) VmclusterName VmclusterGroup NovaInstanceUUID
"""

    def __init__(self, node, batch, address=None):
        self.node = node
        self.batch = batch
        self.address = address

    @classmethod
    def installed(cls):
        folders = ("/etc/systemd/system/", "/usr/lib/systemd/system/", "/lib/systemd/system/")
        return any(os.path.exists(at(folder + cls.SERVICE)) for folder in folders) or works("systemctl", "cat", cls.SERVICE)

    def start(self):
        """Configures the daemons and has them run, unless this node retired."""
        if not self.installed():
            raise Failure("HTCondor is not installed on %s (no %s in its image)" % (self.node.name, self.SERVICE))
        fresh = not read(self.CONFIG)
        changed = False
        if self.node.is_front_end:
            self.make_pool_key()
        else:  # a front-end that was made anew signs with another key
            changed = self.secret(self.TOKEN, self.batch["token"].strip() + "\n")
        changed |= write(self.CONFIG, self.configuration(), 0o644)
        if os.path.exists(at(STATE + "/retired")):
            return
        if self.node.applied() and not changed and running("condor_master"):
            return
        run("systemctl", "restart" if fresh else "start", self.SERVICE, timeout=120)
        enable(self.SERVICE)
        if changed and not fresh:
            run("condor_reconfig")

    def configuration(self):
        node = self.node
        text = self.COMMON + (self.FRONT_END if node.is_front_end else self.WORKER)
        if self.address and is_here(self.address):  # of several networks, the cluster's
            text += "NETWORK_INTERFACE = %s\n" % self.address
        return text.format(
            manager=self.batch["manager"], domain=node.domain, full=node.full(node.name), name=node.name,
            group=node.config.get("group", ""), uuid=read("/var/lib/cloud/data/instance-id").strip())

    def secret(self, path, text):
        os.makedirs(os.path.dirname(at(path)), exist_ok=True)
        os.chmod(os.path.dirname(at(path)), 0o700)
        return write(path, text, 0o600)

    def make_pool_key(self):
        if not os.path.exists(at(self.POOL_KEY)):
            self.secret(self.POOL_KEY, base64.b64encode(os.urandom(48)).decode())

    # ---- as the central manager

    def token(self):
        """Makes one worker's token."""
        rights = ["ADVERTISE_STARTD", "ADVERTISE_MASTER", "READ"]
        command = ["condor_token_create", "-identity", "condor@" + self.node.domain, "-key", "POOL"]
        for right in rights:
            command += ["-authz", right]
        return run(*command).strip()

    def revoke(self, tokens):
        """Has the pool refuse tokens; the file holds all that ever were revoked,
        for a token has no end of its own."""
        ids = set(re.findall('"([^"]+)"', read(self.REVOKED)))
        for token in tokens:
            try:
                body = token.split(".")[1]
                ids.add(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["jti"])
            except (IndexError, ValueError, KeyError, TypeError):
                say("a token that has no ID is not revoked")
        write(self.REVOKED, "SEC_TOKEN_REVOCATION_EXPR = member(jti, {%s})\n" % ", ".join('"%s"' % i for i in sorted(ids)))
        run("condor_reconfig")

    def drain(self, name, how):
        """Asks a worker's startd to take no new job and to end when it has none.
        "idle": only if it runs nothing, which the startd itself judges in the
        same step, so that no job can come in between. Tells whether it will go."""
        check = ["-check", 'State=="Unclaimed" && Activity=="Idle"'] if how == "idle" else []
        try:
            run("condor_drain", *check, "-exit-on-completion", "-reason", "vmcluster: leaving", self.node.full(name), timeout=30)
        except Failure as error:
            if "10003" in str(error):
                return False
            # 10001 is "draining already"; anything else may mean that the startd
            # has ended, and that the worker itself tells best.
        return True

    def undrain(self, name):
        works("condor_drain", "-cancel", self.node.full(name), timeout=30)

    def forget(self, name):
        """Has the collector forget a worker; jobs would go on matching its ads."""
        for command, kind in (("INVALIDATE_STARTD_ADS", "Machine"), ("INVALIDATE_STARTD_ADS", "StartD"),
                              ("INVALIDATE_MASTER_ADS", "DaemonMaster")):
            query = 'MyType = "Query"\nTargetType = "%s"\nRequirements = Machine == "%s"\n' % (kind, self.node.full(name))
            run("condor_advertise", command, "-", text=query, timeout=20)


# ---------------------------------------------------------------- document, report

def decode_document(meta):
    """Reads the cluster document from a server's metadata; see the Go package
    internal/cluster, document.go. Raises Failure for a torn one, None if absent."""
    head = meta.get("vmcluster_doc")
    if head is None:
        return None
    try:
        generation, count = (int(w) for w in head.split(" "))
        text = "".join(meta["vmcluster_doc_%03d" % i] for i in range(count))
        document = json.loads(zlib.decompress(base64.b64decode(text, validate=True)))
    except (ValueError, KeyError, zlib.error) as error:
        raise Failure("read the cluster document: %s" % error)
    if document.get("version") != 1 or document.get("generation") != generation:
        raise Failure("read the cluster document: version %s, generation %s of %d"
                      % (document.get("version"), document.get("generation"), generation))
    return document


def fold_names(cluster, names):
    """Writes worker names in short, as in "cpu[1-3,7],gpu[1]"."""
    numbers = collections.defaultdict(set)
    for name in names:
        m = re.match(r"^%s-(.+)-([0-9]+)$" % re.escape(cluster), name)
        if m and int(m.group(2)) > 0:
            numbers[m.group(1)].add(int(m.group(2)))
    return ",".join("%s[%s]" % (group, fold_numbers(sorted(numbers[group]))) for group in sorted(numbers))


def fold_numbers(ns):
    runs = []
    for n in ns:
        if runs and runs[-1][1] == n - 1:
            runs[-1][1] = n
        else:
            runs.append([n, n])
    return ",".join(str(a) if a == b else "%d-%d" % (a, b) for a, b in runs)


def fit_report(report):
    """Returns a report's bytes, without what would not fit the password slot."""
    report = {k: v for k, v in report.items() if v != "" or k in ("generation", "joined", "pending")}
    report["error"] = report.get("error", "")[:300]
    drained = report.pop("drained_count", 0)
    while True:
        text = json.dumps({k: v for k, v in report.items() if v != ""}, separators=(",", ":"))
        if len(text) <= MAX_REPORT:
            return text
        longest = max(("pending_names", "never", "drained", "busy", "error"), key=lambda k: len(report.get(k, "")))
        if longest == "drained":
            report["drained_count"] = drained
        report[longest] = "" if longest == "error" else shorter(report[longest], len(report[longest]) * 9 // 10)


def shorter(names, size):
    """Leaves the last of folded names out, so that they take no more than size."""
    while len(names) > size:
        names = names.rpartition(",")[0]
        if names and not names.endswith("]"):
            names += "]"
    return names


class Metadata:
    """The metadata service: the way down (document) and the way up (report)."""

    def __init__(self):
        import http.client
        import urllib.request
        self.failures = (OSError, http.client.HTTPException)
        self.request, self.refused = urllib.request.Request, urllib.error.HTTPError
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy cannot reach it

    def document(self):
        try:
            with self.opener.open(METADATA + "/openstack/latest/meta_data.json", timeout=10) as r:
                return decode_document(json.load(r).get("meta") or {})
        except (ValueError, *self.failures) as error:
            raise Failure("read the metadata service: %s" % error)

    def report(self, text):
        """Offers the report; tells whether the slot took it."""
        try:
            self.opener.open(self.request(METADATA + "/openstack/latest/password", text.encode()), timeout=10).close()
            return True
        except self.refused as error:
            error.close()
            if error.code == 409:
                return False
            raise Failure("write the report: HTTP %d" % error.code)
        except self.failures as error:
            raise Failure("write the report: %s" % error)


class Console:
    """Stands in for the metadata service of a cloud that has none: a document is
    what a new worker brings, a report is a line on the console."""

    REPEAT = 300  # seconds: a console log is cut off after 100 KiB of others' lines

    def __init__(self, clock=time.monotonic):
        self.clock, self.last, self.due = clock, "", 0.0

    def document(self):
        return read_json(HANDED)

    def report(self, text):
        if text != self.last or self.clock() >= self.due:
            self.last, self.due = text, self.clock() + self.REPEAT
            try:
                with open(at("/dev/console"), "a") as console:
                    console.write("\nvmcluster-report %s\n" % text)
            except OSError as error:
                raise Failure("write the report to the console: %s" % error)
        return True


def hand_over(node, clock=time.monotonic):
    """What the last new worker does: it takes the roster that it was born with,
    its own address filled in, to the front-end, which distributes it."""
    document = read_json(FIRST_DOCUMENT)
    if not document or not os.path.exists(at(FIRST_KEY)):
        return 0
    front_end = document["front_end"]
    for m in document.get("workers") or []:
        if m["name"] == node.name:
            m["address"] = own_address(front_end["address"])
    write(STATE + "/front_end", "%s %s\n" % (front_end["name"], public_key(front_end["host_key"])), 0o600)
    failed = ""
    while clock() < FIRST_KEY_TTL:  # since boot: the certificate ends then
        try:
            answer = ssh(front_end["name"], front_end["address"], {"verb": "roster", "document": document}, STATE + "/front_end", [FIRST_KEY])
            if answer.get("ok"):
                say("generation %d is with %s" % (document["generation"], front_end["name"]))
                break
            failed = answer.get("error")
        except Failure as error:
            failed = str(error)
        say("take the roster to %s: %s" % (front_end["name"], failed))
        time.sleep(FIRST_RETRY)
    remove(FIRST_KEY)
    remove(FIRST_KEY + "-cert.pub")
    return 0


def ssh(name, address, request, known_hosts, keys, timeout=60, **more):
    """Puts one request to another node; more are further options of ssh's."""
    options = {
        "BatchMode": "yes", "ConnectTimeout": "10", "ServerAliveInterval": "10", "ServerAliveCountMax": "6",
        "UserKnownHostsFile": at(known_hosts), "GlobalKnownHostsFile": "/dev/null",
        "HostKeyAlias": name, "StrictHostKeyChecking": "yes", "UpdateHostKeys": "no", "CheckHostIP": "no",
        "IdentitiesOnly": "yes", "IdentityAgent": "none", "LogLevel": "ERROR", **more,
    }
    command = ["ssh", "-F", "/dev/null", "-T", "-l", ACCOUNT]
    for option, value in options.items():
        command += ["-o", "%s=%s" % (option, value)]
    for key in keys:
        if os.path.exists(at(key)):
            command += ["-i", at(key)]
    out = run(*command, address, PROGRAM + " remote", text=json.dumps(request), timeout=timeout)
    try:
        return json.loads(out)
    except ValueError:
        raise Failure("%s did not answer in JSON: %s" % (name, out[:100]))


# ---------------------------------------------------------------- coordinator

class Coordinator:
    """Brings every node to the newest document, and says how far it came.

    Only the main thread touches the state; tasks in threads get values and
    return values. State that must outlive a crash is saved before it matters:
    a worker's keys before its first bundle, or it could not be reached again."""

    def __init__(self, node, metadata, clock=time.monotonic):
        from concurrent.futures import ThreadPoolExecutor
        self.node, self.metadata, self.clock = node, metadata, clock
        os.makedirs(at(STATE), exist_ok=True)
        os.chmod(at(STATE), 0o700)
        self.state = read_json(STATE + "/state.json") or {"workers": {}, "version": [0, 0], "forget": []}
        self.document = read_json(STATE + "/document.json")
        self.was_here = self.document is not None
        self.own_key = self.host_ca = ""
        self.me = {}  # this node's own join
        self.common = None  # the bundle without the batch system's part
        self.bundle_made = 0.0
        self.bundle_of = None  # the generation that it was computed from
        self.tasks = {}  # (purpose, name) -> (future, which server it is about)
        self.retries = {}  # (purpose, name) -> (times failed, not before, why)
        self.problems = {}  # what -> text; things this node itself could not do
        self.next_read = self.next_report = self.busy_until = 0.0
        self.last_summary = self.last_report = ""
        memory = re.search(r"MemTotal: *([0-9]+)", read("/proc/meminfo"))
        self.parallel = min(64, max(8, int(memory.group(1)) // 16384)) if memory else 64
        self.pool = ThreadPoolExecutor(self.parallel)

    def run(self):
        while True:
            started = self.clock()
            try:
                self.tick(started)
                self.problems.pop("tick", None)
            except (Failure, OSError) as error:
                self.problems["tick"] = str(error)
                say(str(error))
                time.sleep(BUSY_INTERVAL)
            self.rest(started)

    def rest(self, started):
        """Sleeps until something is due, or a task is through."""
        due = [self.next_read, self.next_report] + [t for _, t, _ in self.retries.values()]
        pause = min([t for t in due if t > started] or [started + BUSY_INTERVAL]) - self.clock()
        futures = [future for future, _ in self.tasks.values()]
        if futures:
            from concurrent.futures import FIRST_COMPLETED, wait
            wait(futures, max(0.5, pause), FIRST_COMPLETED)
        else:
            time.sleep(max(0.5, pause))

    def tick(self, now):
        self.collect(now)
        if now >= self.next_read:
            self.read_document()
            self.next_read = now + self.interval(now)
        if self.document is None:
            return
        if "before" not in self.state:
            self.begin()
        self.reconcile()
        self.guard("revoke", self.revoke)
        if not self.host_ca:
            self.guard("host_ca", self.make_host_ca)
        self.guard("bundle", lambda: self.update_bundle(now))
        self.write_known_hosts()
        self.save()
        self.start_tasks(now)
        if self.common:
            self.apply_here()
        if now >= self.next_report:
            self.report(now)
            self.next_report = now + self.interval(now)
        self.drop_first_key()

    def interval(self, now):
        return BUSY_INTERVAL if now < self.busy_until or self.pending() or self.unsettled() else QUIET_INTERVAL

    def guard(self, what, step):
        """Runs a step whose failure must not stop the others."""
        try:
            step()
            self.problems.pop(what, None)
        except (Failure, OSError) as error:
            if self.problems.get(what) != str(error):
                say(str(error))
            self.problems[what] = str(error)

    # ---- what should be

    def read_document(self):
        found = [read_json(FIRST_DOCUMENT)] if self.document is None else []
        self.guard("metadata", lambda: found.append(self.metadata.document()))
        for document in found:
            # A cloud with several metadata services may answer with an older one.
            # What is no matter of the roster changes within a generation.
            if document and document.get("id") == self.node.id and document["generation"] >= (self.document or {}).get("generation", 0):
                self.document = document
                write(STATE + "/document.json", json.dumps(document), 0o600)

    def members(self):
        """The roster's workers, those with unusable names or addresses left out:
        they become lines of files that other programs trust."""
        out = {}
        for m in self.document.get("workers") or []:
            try:
                ipaddress.ip_address(m["address"])
                if ADDRESS.fullmatch(m["address"]) and LABEL.fullmatch(m["name"]) and m["name"] != self.node.name:
                    out[m["name"]] = m
            except (ValueError, KeyError, TypeError):
                continue
        return out

    def begin(self):
        """Notes whom another may have joined before this state began: the front-end
        that this one replaces, or this one before its state was lost."""
        front_end = self.document.get("front_end") or {}
        inherits = self.was_here or self.document.get("host_cas") or front_end.get("coordinator_key")
        self.state["before"] = {name: m.get("batch", "") for name, m in self.members().items()} if inherits else {}
        self.save()

    def reconcile(self):
        """Drops records of workers that are gone, or are other servers by now."""
        members, records = self.members(), self.state["workers"]
        for name in [n for n in records if n not in members]:
            self.revoke_later(records[name])
            if records.pop(name).get("joined") and self.batch_type() == "htcondor":
                self.state["forget"].append(name)
            self.retries = {k: v for k, v in self.retries.items() if k[1] != name}
        for name, m in members.items():
            record = records.setdefault(name, {})
            is_now = [m.get("batch", ""), m["address"]]
            if record.get("is") == is_now:
                continue
            if record.get("is") and record["is"][0] == is_now[0]:
                # The same server at another address, perhaps: its key stays good.
                record.update(joined=False, acked=None)
            else:
                self.revoke_later(record)
                if record.get("joined") and self.batch_type() == "htcondor":
                    self.state["forget"].append(name)  # jobs would match the ads of the one before
                record.clear()
                self.retries = {k: v for k, v in self.retries.items() if k[1] != name}
            record["is"] = is_now
        self.state["forget"] = [n for n in self.state["forget"] if not records.get(n, {}).get("joined")]

    def revoke_later(self, record):
        if record.get("token"):
            self.state.setdefault("revoke", []).append(record["token"])

    def revoke(self):
        if self.state.get("revoke"):
            self.htcondor().revoke(self.state["revoke"])
            self.state["revoke"] = []

    def batch_type(self):
        return self.document.get("batch_system") or "none"

    def htcondor(self):
        return HTCondor(self.node, {"manager": self.node.full(self.node.name)})

    def update_bundle(self, now):
        """Computes what every node should have, and its version [G, k]: G is the
        document's generation, or a higher one that a node was found to have (see
        note_stale); k counts bundles within it (as more workers join). A document
        that changes nothing on the nodes (a mark to leave) leaves the version as it
        is, and costs no delivery."""
        generation = self.document["generation"]
        joining = any(purpose == "roster" and not self.state["workers"].get(name, {}).get("joined") for purpose, name in self.tasks)
        if joining and self.common and self.bundle_of == generation and now < self.bundle_made + SETTLE:
            return
        members, records = self.members(), self.state["workers"]
        if not self.me:
            with locked():
                self.me = self.node.join({})
            self.own_key = make_key(STATE + "/coordinator")
        self.me["address"] = own_address(next((m["address"] for m in members.values()), "169.254.169.254"))
        joined = [n for n in members if records[n].get("joined")]
        user_keys = [self.me["user_key"]] + [records[n]["user_key"] for n in joined]
        operator = (self.document.get("operator_key") or "").strip()
        common = {
            "hosts": [[self.me["address"], self.node.name]] + [[m["address"], n] for n, m in members.items()],
            "known_hosts": [[self.node.name, self.me["address"], self.me["host_key"]]]
                           + [[n, members[n]["address"], records[n]["host_key"]] for n in joined],
            "authorized_keys": [k for k in [operator] + user_keys if k],
            "coordinator_keys": [self.own_key],
            "ca": self.document.get("ca") or self.node.config["ca"],
        }
        digest = fingerprint([common, self.batch_type()])
        if self.state.get("digest") != digest:
            g, k = self.state["version"]
            self.state["version"] = [generation, 1] if generation > g else [g, k + 1]
        self.state["digest"] = digest
        self.common, self.bundle_made, self.bundle_of = common, now, generation

    def bundle(self, batch):
        return dict(self.common, batch=dict(batch, type=self.batch_type(), manager=self.node.full(self.node.name)))

    # ---- bringing it about

    def apply_here(self):
        """What the front-end itself is to have, while the requests to workers are
        under way. They count as done when this is."""
        if self.state.get("here") == self.state["version"]:
            return

        def apply():
            answer = self.node.answer({"verb": "apply", "generation": self.state["version"], "bundle": self.bundle({})})
            self.note_stale(answer)
            if not answer["ok"]:
                raise Failure(answer["error"])
            self.state["here"] = self.state["version"]
        self.guard("apply", apply)

    def note_stale(self, answer):
        """What a node has from elsewhere (a front-end that was replaced, a state
        that was lost) is overtaken by a higher k."""
        if answer.get("error") != "stale":
            return
        generation, k = answer["generation"]
        if isinstance(generation, int) and isinstance(k, int) and [generation, k] >= self.state["version"]:
            self.state["version"] = [generation, k + 1]

    def start_tasks(self, now):
        version = self.state["version"]
        ready = self.common is not None and self.state.get("here")  # workers look for its daemons at once
        for name, m in self.members().items():
            record = self.state["workers"][name]
            how = m.get("leaving") or ""
            self.follow_mark(now, name, m["address"], how, record)
            if how and not record.get("acked") and (record.get("joined") or record.get("drained")):
                continue  # a bundle would start the batch system of a worker that leaves
            lacks_token = self.batch_type() == "htcondor" and not record.get("token")
            if lacks_token and self.state.get("here"):
                # While the worker boots. It is saved before it is sent: were the
                # answer lost, another token would be another bundle.
                self.submit(now, "token", name, self.task_token)
            if not record.get("joined"):
                if self.host_ca:
                    self.submit(now, "roster", name, self.task_join, name, m["address"])
            elif ready and not lacks_token and record.get("acked") != version:
                self.submit(now, "roster", name, self.task_apply, name, m["address"], list(version), self.common,
                            record["certificate"], record.get("token"))
        for name in self.state["forget"]:
            self.submit(now, "forget", name, self.task_forget, name)

    def follow_mark(self, now, name, address, how, record):
        """Has a worker leave or come back. One at a time: of two orders under way
        the earlier could be carried out last."""
        if ("leave", name) in self.tasks or ("resume", name) in self.tasks:
            return
        if record.get("leaving", "") != how:
            record["drained"] = record["busy"] = False
            if how or not record.get("known"):
                record["leaving"] = how
                self.retries.pop(("resume", name), None)
            elif record.get("joined"):
                self.retries.pop(("leave", name), None)
                self.submit(now, "resume", name, self.task_resume, name, address)
        elif how and not record.get("drained"):
            if self.batch_type() == "none" or self.never_worked(name, record):
                record["drained"] = True
            elif record.get("joined"):
                self.submit(now, "leave", name, self.task_leave, name, address, how)

    def never_worked(self, name, record):
        """Tells whether a worker can't have a job of ours: nobody here has ever
        spoken to it. That is found out by trying: this state may have been lost."""
        return not record.get("known") and self.retries.get(("roster", name), (0, 0, ""))[0] >= GIVEN_UP

    def never_joined(self, name, member):
        """Tells whether a worker has certainly never been joined by anybody: it can't
        run a job, and may be made anew. In doubt it has been."""
        record = self.state["workers"].get(name, {})
        return self.never_worked(name, record) and self.state["before"].get(name) != member.get("batch", "")

    def submit(self, now, purpose, name, task, *arguments):
        key = (purpose, name)
        if key not in self.tasks and now >= self.retries.get(key, (0, 0, ""))[1]:
            self.tasks[key] = (self.pool.submit(task, *arguments), self.state["workers"].get(name, {}).get("is"))

    def collect(self, now):
        """Takes up what the tasks brought back."""
        for key in [k for k, (future, _) in self.tasks.items() if future.done()]:
            purpose, name = key
            future, about = self.tasks.pop(key)
            record = self.state["workers"].get(name)
            if purpose != "forget" and (record is None or record.get("is") != about):
                continue  # about a server that is gone
            why = self.settle_task(now, key, record, future)
            if not why:
                continue
            if record is not None and why == "not joined":
                record["joined"] = False
            failed = self.retries.get(key, (0, 0, ""))[0] + 1
            if failed in (3, 20):
                say("%s: %s" % (name, why))
            self.retries[key] = (failed, now + self.pause(purpose, record, failed), why)

    def settle_task(self, now, key, record, future):
        """Takes up one task's answer; returns why it failed, or ""."""
        purpose, name = key
        try:
            answer = future.result()
            if answer["ok"]:
                self.retries.pop(key, None)
                if purpose == "forget":
                    self.state["forget"] = [n for n in self.state["forget"] if n != name]
                else:
                    self.take(now, key, record, answer)
                return ""
            self.note_stale(answer)
            why = answer["error"]
        except (Failure, OSError) as error:
            why = error
        except Exception as error:  # whoever is root on a worker can have it answer anything
            why = "its answer makes no sense: %r" % error
        return " ".join(str(why).split())[:400] or "it did not say why"

    def pause(self, purpose, record, failed):
        booting = purpose == "roster" and failed <= BOOT_TRIES and not (record or {}).get("joined")
        return min(BOOT_RETRY if booting else LAST_RETRY, FIRST_RETRY * 1.5 ** (failed - 1))

    def take(self, now, key, record, answer):
        purpose, name = key
        if "host_key" in answer:  # a join
            host_key, user_key = public_key(answer["host_key"]), public_key(answer["user_key"])
            if not host_key:
                self.retries[key] = (1, now + LAST_RETRY, "the worker returned no host key")
                return
            if record.get("host_key") != host_key:
                record["certificate"] = answer["certificate"]
            record.update(joined=True, known=True, drained=False, host_key=host_key, user_key=user_key)
            if answer.get("retired") and not record.get("leaving"):
                record["leaving"] = "idle"  # closed by an order that this state does not know of
        elif purpose == "token":
            record["token"] = answer["token"]
        elif purpose == "roster":
            record["acked"] = answer["generation"]
        elif purpose == "leave":
            record["drained"], record["busy"] = answer["drained"], answer["busy"] and not answer["drained"]
            if not answer["drained"]:
                self.retries[key] = (0, now + FIRST_RETRY * (2 if record["leaving"] == "drain" else 1), "")
        elif purpose == "resume":
            record["leaving"], record["drained"], record["busy"] = "", False, False

    # ---- tasks (in threads)

    def remote(self, name, address, request, timeout=60):
        """Puts one request to a worker over ssh."""
        # A connection serves the requests that follow soon: a bundle comes right after the join.
        shared = {"ControlMaster": "auto", "ControlPersist": "15", "ControlPath": at(STATE + "/ssh-%C")}
        return ssh(name, address, request, STATE + "/known_hosts", [STATE + "/coordinator", FIRST_KEY], timeout, **shared)

    def task_join(self, name, address):
        answer = self.remote(name, address, {"verb": "join"})
        if answer["ok"] and public_key(answer["host_key"]):
            answer["certificate"] = self.certify(name, public_key(answer["host_key"]))
        return answer

    def task_apply(self, name, address, version, common, certificate, token):
        batch = {"type": self.batch_type(), "manager": self.node.full(self.node.name)}
        if token:
            batch["token"] = token
        bundle = dict(common, batch=batch, host_certificate=certificate)
        return self.remote(name, address, {"verb": "apply", "generation": version, "bundle": bundle}, 180)

    def task_token(self):
        return {"ok": True, "token": self.htcondor().token()}

    def task_leave(self, name, address, how):
        if not self.htcondor().drain(name, how):
            return {"ok": True, "drained": False, "busy": True}
        return dict(self.remote(name, address, {"verb": "retire"}, 150), busy=how == "drain")

    def task_resume(self, name, address):
        self.htcondor().undrain(name)
        return self.remote(name, address, {"verb": "resume"}, 150)

    def task_forget(self, name):
        self.htcondor().forget(name)
        return {"ok": True}

    # ---- what is known

    def make_host_ca(self):
        self.host_ca = make_key(STATE + "/host_ca")

    def certify(self, name, host_key):
        """Signs a worker's lasting host key for its name. If this front-end is
        lost, the next one knows the worker by the CA's public half, which is in
        the report."""
        import tempfile
        with tempfile.TemporaryDirectory(dir=at(STATE)) as folder:
            with open(folder + "/key.pub", "w") as f:
                f.write(host_key + "\n")
            run("ssh-keygen", "-q", "-s", at(STATE + "/host_ca"), "-I", name, "-h", "-n", name, folder + "/key.pub")
            with open(folder + "/key-cert.pub") as f:
                return public_key(f.read())

    def write_known_hosts(self):
        """The coordinator's own: until a worker shows its lasting key, of which
        nobody but that worker has seen the private half, it is known by its batch
        CA, or by the host CA of a front-end that this one replaces."""
        lines = []
        for name, m in self.members().items():
            cas = [(self.document.get("batches") or {}).get(m.get("batch", ""), "")] + (self.document.get("host_cas") or [])
            if not self.state["workers"][name].get("acked"):
                lines += ["@cert-authority %s %s" % (name, public_key(ca)) for ca in cas if public_key(ca)]
            if self.state["workers"][name].get("host_key"):
                lines.append("%s %s" % (name, self.state["workers"][name]["host_key"]))
        write(STATE + "/known_hosts", "".join(line + "\n" for line in lines), 0o600)

    def save(self):
        write(STATE + "/state.json", json.dumps(self.state, sort_keys=True), 0o600)

    def drop_first_key(self):
        """The two-hour key goes when nobody needs it: every worker has the
        lasting key, and whoever adds workers knows it; or it has expired."""
        if not os.path.exists(at(FIRST_KEY)):
            return
        known = (self.document.get("front_end") or {}).get("coordinator_key") == self.own_key
        expired = self.clock() > FIRST_KEY_TTL  # since boot: the wall clock may have been wrong then
        if expired or known and all(r.get("acked") for r in self.state["workers"].values()):
            remove(FIRST_KEY)
            remove(FIRST_KEY + "-cert.pub")

    def has_current(self, name):
        record = self.state["workers"].get(name, {})
        version = self.state["version"]
        return self.bundle_of == self.document["generation"] and record.get("acked") == version == self.state.get("here")

    def pending(self):
        """Workers without the current bundle. A drained one is about to be
        deleted and keeps nobody waiting."""
        if self.document is None:
            return []
        return [m["name"] for m in self.document.get("workers") or []
                if not self.has_current(m["name"])
                and not (m.get("leaving") and self.state["workers"].get(m["name"], {}).get("drained"))]

    def unsettled(self):
        """Tells whether something other than the roster is still to be done."""
        if self.document is None or self.state["forget"] or self.state.get("here") != self.state["version"]:
            return True
        records = self.state["workers"].values()
        return any(r.get("leaving") and not r.get("drained") for r in records)

    def report(self, now):
        members, records = self.members(), self.state["workers"]
        pending = self.pending()
        cluster = self.node.config["cluster"]
        leaving = [n for n in members if members[n].get("leaving")]
        drained = [n for n in leaving if records[n].get("drained")]
        stubborn = ["%s: %s" % (n, why) for (_, n), (failed, _, why) in sorted(self.retries.items()) if failed >= 3]
        text = fit_report({
            "generation": self.document["generation"],
            "joined": sum(1 for n in members if self.has_current(n)),
            "pending": len(pending),
            "pending_names": fold_names(cluster, pending),
            "never": fold_names(cluster, [n for n in pending if n in members and self.never_joined(n, members[n])]),
            "drained": fold_names(cluster, drained),
            "drained_count": len(drained),
            "busy": fold_names(cluster, [n for n in leaving if records[n].get("busy")]),
            "error": "; ".join([why for what, why in self.problems.items() if what != "report"] + stubborn[:2]),
            "address": self.me.get("address", ""),
            "host_key": self.me.get("host_key", ""),
            "coordinator_key": self.own_key,
            "host_ca": self.host_ca,
            "ca": self.document.get("ca", "") if self.node.by_last_worker else "",
        })
        if text != self.last_report:
            self.last_report, self.busy_until = text, now + 2 * QUIET_INTERVAL
        self.guard("report", lambda: self.metadata.report(text))
        self.summarize(json.loads(text))

    def summarize(self, r):
        words = ["generation %d: %d joined, %d pending" % (r["generation"], r["joined"], r["pending"])]
        for key in ("pending_names", "drained", "busy", "error"):
            if r.get(key):
                words.append("%s %s" % (key.replace("_names", ""), r[key]))
        if "; ".join(words) != self.last_summary:
            self.last_summary = "; ".join(words)
            say(self.last_summary)


# ---------------------------------------------------------------- main

def main(arguments):
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
    os.umask(0o022)
    verb = arguments[0] if len(arguments) == 1 else ""
    try:
        if verb == "setup":
            return Node().setup()
        if verb == "remote":
            print(json.dumps(Node().serve(json.load(sys.stdin))))
            return 0
        if verb == "coordinate":
            node = Node()
            return Coordinator(node, Console() if node.by_last_worker else Metadata()).run()
        if verb == "hand-over":
            return hand_over(Node())
        if verb == "home":
            print(json.dumps(home(json.load(sys.stdin))))
            return 0
    except Exception as error:
        say("%s: %s" % (verb, told(error)))
        return 1
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
