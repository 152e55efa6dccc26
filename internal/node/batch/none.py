"""A cluster without a batch system."""

from . import BatchSystem


class NoBatchSystem(BatchSystem):
    """Nothing is installed and nothing is awaited."""

    RUNS_JOBS = False


SYSTEM = NoBatchSystem
