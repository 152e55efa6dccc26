"""The volume for the batch system's state."""

import json
import os

from .. import batch, node, setup, state, system
from .harness import FRONT_END, ClusterCase, put

VOLUME = "0f3a5c1e-2b4d-4e6f-8a9b-123456789abc"
BY_ID = "virtio-" + VOLUME[:20]

# What the file "holds" beside a device says is what is on it; a mount needs a file system.
WIPEFS = """#!/bin/sh
for device; do :; done
test ! -e "$device.broken" || { echo "wipefs: error: $device: probing initialization failed: Input/output error" >&2; exit 1; }
test ! -e "$device.holds" || echo "DEVICE OFFSET TYPE"
"""
BLKID = """#!/bin/sh
for device; do :; done
test -e "$device.holds" || exit 2
case "$*" in
  *TYPE*) cat "$device.type" 2>/dev/null || echo ext4;;
  *) cat "$device.holds";;
esac
"""
MKFS = """#!/bin/sh
echo "$*" >>"$CLUSTER_DIR/mkfs.log"
for device; do :; done
echo filesystem >"$device.holds"
"""
SYSTEMCTL = """#!/bin/sh
echo "$*" >>"$VMCLUSTER_ROOT/systemctl.log"
case "$*" in
  *state*.mount) device=$VMCLUSTER_ROOT/dev/vdb
    test "$(cat "$device.holds")" = filesystem || { echo "Job failed." >&2; exit 1; }
    mkdir -p "$VMCLUSTER_ROOT/proc/self"
    echo "/dev/vdb /var/lib/vmcluster/state-volume ext4 rw 0 0" >"$VMCLUSTER_ROOT/proc/self/mounts";;
esac
"""


class StateVolume(ClusterCase):
    def setUp(self):
        super().setUp()
        c = self.cluster
        for name, text in (("wipefs", WIPEFS), ("blkid", BLKID), ("mkfs.ext4", MKFS), ("systemctl", SYSTEMCTL)):
            put(c.dir + "/bin/" + name, text, 0o755)
        self.boot()

    def boot(self, device=b"\0" * 4096, by_id=BY_ID, holds=""):
        """Has a front-end made anew, with its volume in place."""
        c = self.cluster
        c.delete(FRONT_END)
        root = c.add(FRONT_END, state_volume=VOLUME)
        c.enter(FRONT_END)
        self.device = root + "/dev/vdb"
        with open(self.device, "wb") as f:
            f.write(device)
        if holds:
            put(self.device + ".holds", holds + "\n")
        for name in [by_id] if by_id else []:
            os.makedirs(root + "/dev/disk/by-id", exist_ok=True)
            os.symlink(self.device, root + "/dev/disk/by-id/" + name)
        return root

    def said(self):
        return self.cluster.text(FRONT_END, "/dev/console")

    def formatted(self):
        return self.cluster.log("mkfs.log").count("\n")

    def test_empty_volume_is_formatted_once_and_mounted(self):
        c = self.cluster
        self.assertEqual(self.setup(), 0, self.said)
        self.assertEqual(c.log("mkfs.log"), "-q -F -E nodiscard -L vmcluster-state %s\n" % self.device)
        unit = c.text(FRONT_END, "/etc/systemd/system/" + state.UNIT)
        self.assertIn("What=/dev/disk/by-id/%s\nWhere=/var/lib/vmcluster/state-volume\n" % BY_ID, unit)
        self.assertIn("nofail", unit, "a boot does not wait for it")
        self.assertTrue(os.path.islink(c.path(FRONT_END, "/etc/systemd/system/multi-user.target.wants/" + state.UNIT)))
        self.assertEqual(node.Node().state_folder(), "/var/lib/vmcluster/state-volume")
        log = c.text(FRONT_END, "/systemctl.log")
        self.assertLess(log.index("start var-lib-vmcluster-state\\x2dvolume.mount"), log.index("vmcluster-coordinator.service"))
        self.assertEqual(self.setup(), 0, "again")
        self.boot(holds="filesystem")
        self.assertEqual(self.setup(), 0, "another front-end")
        self.assertEqual(self.formatted(), 1)

    def test_what_is_written_is_kept_in_its_order(self):
        for kind, option in (("ext4", "nodelalloc"), ("xfs", "sync"), ("ext2", "sync")):
            self.boot(holds="filesystem")
            put(self.device + ".type", kind + "\n")
            self.assertEqual(self.setup(), 0, kind)
            unit = self.cluster.text(FRONT_END, "/etc/systemd/system/" + state.UNIT)
            self.assertIn("Options=nofail,nodev,nosuid,%s\n" % option, unit, kind)

    def test_disk_is_found_by_the_volumes_id(self):
        for by_id in (BY_ID, "scsi-0QEMU_QEMU_HARDDISK_" + VOLUME[:20], "scsi-SQEMU_QEMU_HARDDISK_" + VOLUME, "nvme-QEMU_NVMe_Ctrl_" + VOLUME[:20]):
            self.boot(by_id=by_id)
            self.assertEqual(state.find(VOLUME), "/dev/disk/by-id/" + by_id)
        for by_id in ("", "virtio-0f3a5c1e-2b4d-4e6f-7", BY_ID + "-part1", "x" + BY_ID, "scsi-0QEMU_$(x)_" + VOLUME):
            self.boot(by_id=by_id)
            with self.assertRaisesRegex(system.Failure, "is not attached"):
                state.find(VOLUME)
        root = self.boot()
        os.symlink("/dev/vdb", root + "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_" + VOLUME)
        put(root + "/dev/vdc", "")
        os.symlink(root + "/dev/vdc", root + "/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_" + VOLUME[:20])
        with self.assertRaisesRegex(system.Failure, "more than one device"):
            state.find(VOLUME)

    def test_nothing_but_an_empty_volume_is_formatted(self):
        for what, boot, want in (
            ("partitions", {"holds": "\n"}, "holds partitions and no file system"),
            ("a part of a RAID", {"holds": "raid"}, "holds raid"),
            ("data of a kind that blkid does not know", {"device": b"\0" * 4095 + b"x"}, "is not empty"),
            ("an encrypted volume", {"holds": "crypto"}, "holds crypto"),
        ):
            self.boot(**boot)
            self.assertEqual(self.setup(), 1, what)
            self.assertIn(want, self.said())
            self.assertEqual(self.formatted(), 0, what)
            with self.assertRaisesRegex(system.Failure, "does not start without its state"):
                node.Node().state_folder()
        root = self.boot()
        put(self.device + ".broken", "")
        self.assertEqual(self.setup(), 1)
        self.assertIn("Input/output error", self.said())
        os.unlink(self.device + ".broken")
        os.unlink(root + "/dev/vdb")
        self.assertEqual(self.setup(), 1, "a disk that is gone")
        self.assertEqual(self.formatted(), 0)

    def test_batch_system_does_not_start_without_its_volume(self):
        c = self.cluster
        started = []

        class System(batch.BatchSystem):
            SERVICES = ("batchd.service",)

            def hold(self):
                pass

            def configure(self, given):
                started.append(given)
        self.patch(node.Node, "batch", System(None))
        self.boot(by_id="")
        self.assertEqual(self.setup(), 1)
        needs = c.text(FRONT_END, "/etc/systemd/system/batchd.service.d/10-vmcluster-state.conf")
        for line in ("RequiresMountsFor=/var/lib/vmcluster/state-volume", "AssertPathIsMountPoint=/var/lib/vmcluster/state-volume"):
            self.assertIn(line + "\n", needs, "nor at the next boot")
        self.assertIn("the batch system does not start without its state: volume %s is not mounted" % VOLUME, c.settle(c.coordinator(), 2)["error"])
        self.assertEqual(started, [])
        self.assertIn("not attached", self.said())
        self.boot()
        self.assertEqual(self.setup(), 0)
        coordinator = c.coordinator()
        self.assertEqual(c.settle(coordinator, 2).get("error", ""), "")
        self.assertEqual(len(started), 1)
        c.delete(FRONT_END, "proc")
        answer = node.Requests(node.Node()).answer({"verb": "apply", "generation": [99, 1], "bundle": coordinator.bundle.for_front_end()})
        self.assertIn("does not start without its state", answer.get("error", ""), "a volume that is gone again")
        self.assertEqual(len(started), 1)

    def test_nodes_without_a_state_volume(self):
        c = self.cluster
        name = c.worker(1)
        for which, more in ((name, {"state_volume": VOLUME}), (FRONT_END, {"state_volume": ""}), (FRONT_END, {})):
            c.delete(which)
            c.add(which, **more)
            self.assertEqual(c.enter(which).state_folder(), "")
            self.assertNotIn("state", [step.__name__ for _, steps in setup.Setup(node.Node()).stages() for step in steps])

    def test_batch_systems_own_folder_is_on_the_volume(self):
        c = self.cluster
        self.assertEqual(self.setup(), 0)
        for _ in range(2):
            state.place("/var/lib/vmcluster/batch")
        put(c.path(FRONT_END, "/var/lib/vmcluster/batch/jobs"), "1")
        self.assertEqual(c.text(FRONT_END, state.FOLDER + "/batch/jobs"), "1")
        os.makedirs(c.path(FRONT_END, "/var/lib/vmcluster/other"))
        state.place("/var/lib/vmcluster/other")
        put(c.path(FRONT_END, "/var/lib/vmcluster/third/jobs"), "2")
        with self.assertRaises(OSError):
            state.place("/var/lib/vmcluster/third")
        self.assertEqual(c.text(FRONT_END, "/var/lib/vmcluster/third/jobs"), "2", "what is there is not thrown away")

    def test_folder_goes_to_an_account_with_another_uid(self):
        c = self.cluster
        chowned = []
        self.patch(os, "chown", lambda path, uid, gid: chowned.append((path, uid, gid)))
        put(c.dir + "/bin/chown", '#!/bin/sh\necho "$*" >>"$CLUSTER_DIR/chown.log"\n', 0o755)
        path = c.path(FRONT_END, "/var/lib/x/spool")
        with self.assertRaisesRegex(system.Failure, "no account batch"):
            state.owned("/var/lib/x/spool", "batch")
        put(c.path(FRONT_END, "/etc/passwd"), "batch:x:%d:7::/:/bin/sh\n" % (os.getuid() + 1))
        state.owned("/var/lib/x/spool", "batch")
        self.assertEqual(chowned, [(path, os.getuid() + 1, 7)])
        self.assertEqual(c.log("chown.log"), "-R -h --from=%d %d:7 %s\n" % (os.getuid(), os.getuid() + 1, path) if os.getuid() else "")
        put(c.path(FRONT_END, "/etc/passwd"), "batch:x:%d:7::/:/bin/sh\n" % os.getuid())
        state.owned("/var/lib/x/spool", "batch")
        self.assertEqual(len(chowned), 1, "it has it already")

    def test_node_file(self):
        config = json.loads(self.cluster.text(FRONT_END, "/etc/vmcluster/node.json"))
        self.assertEqual(node.Node().state_volume, config["state_volume"])
