"""Values as an attacker would make them."""

import copy

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIStolen"
TEXTS = (
    "", " ", "\n", "\r\n", "\0", "\x1b[2J", "\x7f", "\x85", "\u2028", "\u202e", "\ud800", "\udcff", "\U000e0001", "%", "\"", "\\", "#",
    "\n" + KEY, "\n6.6.6.6 bank.example", "\nKILL = x", "\n# END vmcluster 6b1f0a52-1111-4222-8333-944445555666",
    KEY, KEY + "\n" + KEY, 'command="/bin/sh" ' + KEY, "cert-authority " + KEY, KEY + ' x\ncert-authority,principals="x" ' + KEY,
    "ssh-dss AAAA", "ssh-ed25519 AAAA;", "ssh-ed25519-cert-v01@openssh.com AAAAx", "../x", "*", "!x", "a,b", "fe80::1%\n6.6.6.6 x", "::1", "0.0.0.0",
    "astro-cpu-2", "vmcluster-report {}", "stale", "not joined", "x" * 70000, "A" * 20000, "1" * 5000, "١٢", "[", "{}",
)
NUMBERS = (-1, 0, 1, 2 ** 31, 2 ** 53 - 1, 2 ** 53, 2 ** 63, 10 ** 30, 0.5, 1e300, True, False)


def value(random):
    """Returns a random JSON value."""
    kind = random.randrange(6)
    if kind == 0:
        return [value(random) for _ in range(random.randrange(3))]
    if kind == 1:
        return {random.choice(TEXTS)[:50]: value(random) for _ in range(random.randrange(3))}
    return random.choice((None, random.choice(NUMBERS), random.choice(TEXTS), random.choice(TEXTS)))


def mutated(random, good):
    """Returns a copy of a JSON value with one to three changes in it."""
    out = [copy.deepcopy(good)]
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        places = list(_places(out))
        where, key = random.choice(places)
        _change(random, where, key)
        if not out:
            return value(random)
    return out[0]


def _places(tree):
    for key in (list(tree) if isinstance(tree, dict) else range(len(tree))):
        yield tree, key
        if isinstance(tree[key], (dict, list)):
            yield from _places(tree[key])


def _change(random, where, key):
    old, how = where[key], random.randrange(5)
    if how == 0:
        del where[key]
    elif how == 1 and isinstance(old, list):
        old.append(random.choice(old) if old and random.random() < .5 else value(random))
    elif how == 2 and isinstance(old, dict):
        old[random.choice(("x", "ok", "error", "generation", "hosts", random.choice(TEXTS)[:20]))] = value(random)
    elif how in (1, 3) and isinstance(old, str):
        at = random.randrange(len(old) + 1)
        where[key] = old[:at] + random.choice(TEXTS) + old[at:]
    elif how == 4 and type(old) is int:
        where[key] = old + random.choice((-1, 1, 7, 10 ** 6, 10 ** 12))
    else:
        where[key] = value(random)
