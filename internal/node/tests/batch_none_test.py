"""A cluster without a batch system."""

from .contract import Contract
from .harness import ClusterCase


class NoneContract(Contract, ClusterCase):
    pass


class None_(ClusterCase):
    def test_worker_is_drained_at_once(self):
        c = self.cluster
        c.worker(1, up=False)
        coordinator = c.coordinator()
        c.settle(coordinator, 2)
        c.mark("drain", "astro-cpu-1")
        self.assertEqual(c.settle(coordinator, 2)["drained"], "cpu[1]")
