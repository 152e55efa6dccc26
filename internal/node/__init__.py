"""The node program.

Data flows one way: cluster document -> coordinator -> bundle -> every node.
Everything is level-triggered: each step compares what is with what should be,
so that a crash or a lost answer costs a repetition and nothing else.

Python's standard library only. VMCLUSTER_ROOT puts all files elsewhere (tests).
Each request starts this program on a worker, so a module is imported where it
is used if only the coordinator or few requests need it.
"""

import json
import os
import sys

USAGE = """\
vmcluster-node: what a node of a vmcluster cluster does by itself.

  setup       from cloud-init, and at a boot after one that did not end well:
              accounts, access for the coordinator, units
  remote      a request of the coordinator, JSON on stdin, answer on stdout
  coordinate  the front-end's daemon: joins workers, distributes the roster,
              drains workers that leave, reports upward
  hand-over   for clouds without a metadata service: the last new worker takes
              the roster from its user data to the front-end
  install     installs what cloud-init could not
  home        internal: the part that works in the login user's home, with that
              user's rights only
"""


MOST_REQUEST = 32 << 20  # characters; the bundle of 10,000 nodes has 4 MB


def main(arguments):
    """Runs one verb and returns the exit status: 2 for a wrong command line."""
    os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
    os.umask(0o022)
    verb = VERBS.get(arguments[0]) if len(arguments) == 1 else None
    if verb is None:
        print(USAGE, end="", file=sys.stderr)
        return 2
    from . import system
    try:
        return verb()
    except Exception as error:
        system.say("%s: %s" % (arguments[0], system.reason(error)))
        return 1


def _setup():
    from . import node, setup
    return setup.Setup(node.Node()).run()


def _remote():
    from . import checks, node
    text = sys.stdin.read(MOST_REQUEST + 1)
    if len(text) > MOST_REQUEST:
        raise ValueError("the request is too long")
    print(json.dumps(node.Requests(node.Node()).serve(checks.parse(text))))
    return 0


def _coordinate():
    from . import coordinator, node
    return coordinator.Coordinator(node.Node()).run()


def _hand_over():
    from . import channel, node
    return channel.hand_over(node.Node())


def _install():
    from . import install, node
    install.install(node.Node())
    return 0


def _home():
    from . import home
    print(json.dumps(home.home(json.load(sys.stdin))))
    return 0


VERBS = {"setup": _setup, "remote": _remote, "coordinate": _coordinate, "hand-over": _hand_over, "install": _install, "home": _home}
