"""Kills of the node program in the middle of its work."""

CALLS = ("write", "run", "remove")  # what a module imports and calls by these names changes something


class Killed(BaseException):
    """The end of the node program by a kill."""


def kills(modules, step):
    """Runs a step again and again, each time one of the modules' calls further before it is
    killed; yields the number of calls that it made after each kill. The last run is whole."""
    left = [0]

    def counted(call):
        def counting(*arguments, **options):
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return call(*arguments, **options)
        return counting
    originals = [(m, name, getattr(m, name)) for m in modules for name in CALLS if hasattr(m, name)]
    for calls in range(100):
        left[0] = calls
        for m, name, call in originals:
            setattr(m, name, counted(call))
        try:
            step()
            return
        except Killed:
            pass
        finally:
            for m, name, call in originals:
                setattr(m, name, call)
        yield calls
    raise AssertionError("the step is not over after 100 calls")
