"""SSH on a node: keys, what its sshd shows, and requests to other nodes."""

import os
import re

from .checks import TEXT, clean, parse
from .files import PROGRAM, STATE, at, exists, read, remove, write
from .system import Failure, run, works

ACCOUNT = "vmcluster"  # the coordinator's account on workers
HOST_KEY = STATE + "/host_key"  # a worker's lasting host key
SSHD_KEY = "/etc/ssh/ssh_host_ed25519_key"  # the one that sshd shows
VALID, RENEWED, SLACK = 90, 30, 1  # days of a host certificate: good for, renewed after, clocks may differ by
DAY = 86400  # seconds
SIGNATURE = 86  # characters of a signature: base64 of ed25519's 64 bytes, without padding
TYPE = r"(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)"
BLOB = r"AAAA[A-Za-z0-9+/]*={0,2}"  # it begins with the length of the type's name
PUBLIC_KEY = re.compile("%s %s" % (TYPE, BLOB))
CERTIFICATE = re.compile(r"ssh-ed25519-cert-v01@openssh\.com " + BLOB)  # of keys that make_key makes
MOST_KEY = 16384  # characters; RSA keys of 16,384 bits have 2,800
MOST_ANSWER = 65536  # bytes


def public_key(text, form=PUBLIC_KEY):
    """Returns "type base64" of a public key's line, or "" if the text is none that OpenSSH knows."""
    if len(text) > MOST_KEY + TEXT:
        return ""
    key = " ".join(text.split()[:2])
    return key if len(key) <= MOST_KEY and form.fullmatch(key) else ""


def certificate(text):
    """Returns "type base64" of a certificate's line, or "" if the text is none."""
    return public_key(text, CERTIFICATE)


def key_line(text):
    """Returns a public key's line with its comment, or "" if the text is none."""
    key, comment = public_key(text), text.split(None, 2)[2:]
    return key and " ".join([key] + [clean(c, 200) for c in comment]).rstrip()


def make_key(path):
    """Makes an ed25519 key once and returns its public half.

    A key that a crash cut off is made anew. A key with a passphrase of the
    user's stays.
    """
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


def certify(ca, name, host_key):
    """Signs a host key for a node's name with the CA at a path; returns the certificate,
    which is good from SLACK days ago for VALID days from now."""
    import tempfile
    with tempfile.TemporaryDirectory(dir=at(STATE)) as folder:
        with open(folder + "/key.pub", "w") as f:
            f.write(host_key + "\n")
        run("ssh-keygen", "-q", "-s", at(ca), "-I", name, "-h", "-n", name, "-V", "-%dd:+%dd" % (SLACK, VALID), folder + "/key.pub")
        with open(folder + "/key-cert.pub") as f:
            return certificate(f.read())


def is_due(certified, now):
    """Reports whether a host certificate is to be made anew, as seconds since the epoch
    tell when it was made and what it is now: it is old, or one of the two clocks was wrong."""
    return not certified - SLACK * DAY <= now < certified + RENEWED * DAY


def sign(key, purpose, message):
    """Signs a message with the ed25519 key at a path; returns SIGNATURE characters."""
    import base64
    armored = run("ssh-keygen", "-Y", "sign", "-q", "-f", at(key), "-n", purpose, text=message)
    blob = base64.b64decode("".join(line for line in armored.splitlines() if not line.startswith("-----")))
    return base64.b64encode(blob[-64:]).decode().rstrip("=")  # it ends with the signature (PROTOCOL.sshsig)


def has_signed(public, purpose, message, signature):
    """Reports whether a signature of a message is by the ed25519 key with that public half."""
    import base64
    import tempfile
    try:
        key, raw = base64.b64decode(public.split()[1], validate=True), base64.b64decode(signature + "==", validate=True)
    except (ValueError, IndexError):
        return False

    def packed(*texts):
        return b"".join(len(text).to_bytes(4, "big") + text for text in texts)
    blob = b"SSHSIG\0\0\0\1" + packed(key, purpose.encode(), b"", b"sha512", packed(b"ssh-ed25519", raw))
    with tempfile.TemporaryDirectory(dir=at(STATE)) as folder:
        with open(folder + "/signers", "w") as f:
            f.write("vmcluster %s\n" % public_key(public))
        with open(folder + "/signature", "w") as f:
            f.write("-----BEGIN SSH SIGNATURE-----\n%s-----END SSH SIGNATURE-----\n" % base64.encodebytes(blob).decode())
        return works("ssh-keygen", "-Y", "verify", "-f", folder + "/signers", "-I", "vmcluster", "-n", purpose,
                     "-s", folder + "/signature", text=message)


def show_host_key(shown, always):
    """Has sshd show the lasting host key and its certificate, shown.

    They replace the throw-away key, whose private half was in the user data. By
    the certificate a later front-end recognizes this node. The session that asks
    survives. sshd reloads its key if something changed, or always.
    """
    changed = write(SSHD_KEY, read(HOST_KEY), 0o600)
    changed |= write(SSHD_KEY + ".pub", read(HOST_KEY + ".pub"), 0o644)
    changed |= write(SSHD_KEY + "-cert.pub", shown + "\n", 0o644)
    changed |= name_certificate(SSHD_KEY + "-cert.pub")
    if changed or always:
        works("restorecon", "-R", at("/etc/ssh"))
        if not works("systemctl", "reload", "ssh.service") and not works("systemctl", "reload", "sshd.service"):
            raise Failure("sshd did not reload its host key")


def name_certificate(path):
    """Has sshd's configuration name a host certificate; reports whether that changed it.

    As a rule cloud-init has named it already.
    """
    line, main, folder = "HostCertificate " + path, "/etc/ssh/sshd_config", "/etc/ssh/sshd_config.d"
    pieces = sorted(f for f in os.listdir(at(folder)) if f.endswith(".conf")) if os.path.isdir(at(folder)) else []
    included = re.search(r"(?mi)^\s*Include\s+(\S*/)?sshd_config\.d/\*\.conf", read(main))
    if any(line in read(f).splitlines() for f in [main] + ([folder + "/" + f for f in pieces] if included else [])):
        return False
    if included:
        return write(folder + "/50-vmcluster.conf", line + "\n", 0o644)
    return write(main, line + "\n" + read(main))  # first: what follows a Match belongs to it


def ask(name, address, request, known_hosts, keys, timeout=60, **more):
    """Puts one request, as JSON, to another node and returns its answer; more are further options of ssh's."""
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
        if exists(key):
            command += ["-i", at(key)]
    out = run(*command, address, PROGRAM + " remote", text=request, timeout=timeout, most=MOST_ANSWER)
    try:
        return parse(out)
    except ValueError as error:
        raise Failure("%s did not answer in JSON (%s): %s" % (name, error, clean(out, 100)))


def drop_key(path):
    """Removes a private key and its certificate."""
    remove(path)
    remove(path + "-cert.pub")
