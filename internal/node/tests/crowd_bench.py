"""What the coordinator spends on many workers: run by "make bench-coordinator".

The coordinator runs as it does on a front-end, with threads, files and processes. In place
of ssh there is a small script that answers after half a second; ssh-keygen is the real
one. A ratio of the coordinator's own time says more than seconds of one machine.
"""

import json
import os
import resource
import sys
import time

from .. import channel, coordinator
from .crowd import Crowd
from .harness import FRONT_END

DELAY = 0.5  # seconds until a worker answers


class End(BaseException):
    """The end of a run: all workers have what they should have."""


class Watched(channel.Channel):
    """The metadata service of a crowd, which ends the run."""

    def __init__(self, crowd):
        self.crowd, self.longest, self.reports = crowd, 0, set()

    def document(self):
        return json.loads(json.dumps(self.crowd.document))

    def report(self, text):
        self.longest = max(self.longest, len(text))
        said = json.loads(text.split(" ", 1)[1])
        self.reports.add(said["sequence"])
        if (said["generation"], said["joined"]) == (self.crowd.document["generation"], len(self.crowd.keys)):
            raise End
        return True


def spent(who):
    """Returns the seconds of CPU time, and the most memory in MB, of this process or of its children."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime, used.ru_maxrss >> 10


def measure(number):
    """Lets so many workers join; returns the coordinator's own seconds."""
    crowd = Crowd(number, scripted=True)
    try:
        watched = Watched(crowd)
        made = coordinator.Coordinator(crowd.enter(FRONT_END), watched)
        made.calls.up = crowd.up
        own, theirs, began = spent(resource.RUSAGE_SELF)[0], spent(resource.RUSAGE_CHILDREN)[0], time.monotonic()
        try:
            while True:
                made.turn()
        except End:
            pass
        wall = time.monotonic() - began
        made.tasks.pool.shutdown(wait=True)
        own = spent(resource.RUSAGE_SELF)[0] - own
        theirs = spent(resource.RUSAGE_CHILDREN)[0] - theirs
        bundles = sum(crowd.generations.values())
        print("roster to %d: %.1f s, of which %.1f s of the coordinator's own time (%.1f ms a worker), and %.1f s of the programs that it started" % (
            number, wall, own, own * 1000 / number, theirs))
        print("  memory %d MB; bundles %.1f a worker, in %d versions; programs %s; files %s; %d reports of at most %d bytes" % (
            spent(resource.RUSAGE_SELF)[1], bundles / number, len(crowd.generations), dict(crowd.spawned.most_common(3)),
            dict(crowd.renamed.most_common(2)), len(watched.reports), watched.longest), flush=True)
        return own
    finally:
        crowd.close()


def main():
    """Measures with the numbers of workers of the command line."""
    os.environ["DELAY"] = str(DELAY)
    sys.stderr = open(os.devnull, "w")
    before = None
    for number in map(int, sys.argv[1:] or ("125", "250", "500", "1000")):
        own = measure(number)
        if before:
            print("  the own time is %.1f times that of %d" % (own / before[1], before[0]), flush=True)
        before = number, own


if __name__ == "__main__":
    main()
