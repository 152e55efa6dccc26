"""The coordinator's ways to do many things: steps that do not stop each other, and tasks in threads."""

import collections
import time

from .system import reason, say

# times counts the failures of a task in a row. It is not tried again before until, a
# time of the clock. why is the last failure's text.
Failed = collections.namedtuple("Failed", "times until why")
NOT_FAILED = Failed(0, 0, "")

FIRST_PAUSE, LAST_PAUSE = 5, 60  # seconds
GATHER = 0.5  # seconds, at most, that a turn waits for more answers after the first


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
        import threading
        from concurrent.futures import ThreadPoolExecutor
        self.pool, self.parallel = ThreadPoolExecutor(parallel), parallel
        self.running = {}  # key -> (future, what it is about)
        self.failed = {}  # key -> Failed
        self.finished = threading.Event()  # a task has finished since take_finished

    def submit(self, now, key, about, task, *arguments):
        """Starts a task unless it is under way or its pause after a failure lasts."""
        if key not in self.running and self.is_due(now, key):
            future = self.pool.submit(task, *arguments)
            self.running[key] = (future, about)
            future.add_done_callback(lambda _: self.finished.set())

    def is_due(self, now, key):
        """Reports whether no pause after a failure of a task lasts."""
        return now >= self.failed.get(key, NOT_FAILED).until

    def are_enough(self):
        """Reports whether all threads have work until the next turn, which knows better
        what is to be done next."""
        return len(self.running) >= 2 * self.parallel

    def take_finished(self):
        """Yields key, future and what it is about of each finished task."""
        self.finished.clear()
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
        """Sleeps, at most until a task is finished and a moment longer."""
        if self.finished.wait(seconds):
            time.sleep(self.moment())

    def moment(self):
        """Returns the seconds in which more tasks are likely to finish: a turn takes up
        the answers of many workers and not of each."""
        return min(GATHER, len(self.running) / 200)
