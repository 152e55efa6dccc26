"""The coordinator's ways to do many things: steps that do not stop each other, and tasks in threads."""

import collections
import time

from .system import reason, say

# times counts the failures of a task in a row. It is not tried again before until, a
# time of the clock. why is the last failure's text.
Failed = collections.namedtuple("Failed", "times until why")
NOT_FAILED = Failed(0, 0, "")

FIRST_PAUSE, LAST_PAUSE = 5, 60  # seconds


class Guard:
    """Runs steps; one that fails, in whatever way, costs itself its turn and is reported."""

    def __init__(self):
        self.problems = {}  # step -> text

    def run(self, what, step):
        """Runs a step; reports whether it succeeded."""
        try:
            step()
        except Exception as error:
            if self.problems.get(what) != reason(error):
                say(reason(error))
            self.problems[what] = reason(error)
            return False
        self.problems.pop(what, None)
        return True


class Tasks:
    """Tasks in threads. A key is (purpose, name): one task for each at a time.

    A task gets values and returns a value; only the main thread changes the
    coordinator's state.
    """

    def __init__(self, parallel):
        from concurrent.futures import ThreadPoolExecutor
        self.pool = ThreadPoolExecutor(parallel)
        self.running = {}  # key -> (future, what it is about)
        self.failed = {}  # key -> Failed

    def submit(self, now, key, about, task, *arguments):
        """Starts a task unless it is under way or its pause after a failure lasts."""
        if key not in self.running and now >= self.failed.get(key, NOT_FAILED).until:
            self.running[key] = (self.pool.submit(task, *arguments), about)

    def take_finished(self):
        """Yields key, future and what it is about of each finished task."""
        for key in [k for k, (future, _) in self.running.items() if future.done()]:
            future, about = self.running.pop(key)
            yield key, future, about

    def fail(self, now, key, why, longest=LAST_PAUSE):
        """Notes a failure. The pause after it grows with each failure up to longest, in seconds."""
        times = self.failed.get(key, NOT_FAILED).times + 1
        if times in (3, 20):
            say("%s: %s" % (key[1], why))
        pause = min(longest, FIRST_PAUSE * 1.5 ** min(times - 1, 10))
        self.failed[key] = Failed(times, now + pause, why)

    def put_off(self, until, key, times=0, why=""):
        """Has a task wait until a time of the clock; times and why are as in Failed."""
        self.failed[key] = Failed(times, until, why)

    def succeed(self, key):
        """Forgets the failures of a task."""
        self.failed.pop(key, None)

    def times_failed(self, key):
        """Returns how often a task has failed in a row."""
        return self.failed.get(key, NOT_FAILED).times

    def drop(self, name):
        """Forgets the failures of all tasks for a worker."""
        self.failed = {k: v for k, v in self.failed.items() if k[1] != name}

    def stubborn(self):
        """Returns a line for each task that has failed three times or more."""
        return ["%s: %s" % (name, f.why) for (_, name), f in sorted(self.failed.items()) if f.times >= 3]

    def rest(self, seconds):
        """Sleeps, at most until a task is finished."""
        futures = [future for future, _ in self.running.values()]
        if futures:
            from concurrent.futures import FIRST_COMPLETED, wait
            wait(futures, seconds, FIRST_COMPLETED)
        else:
            time.sleep(seconds)
