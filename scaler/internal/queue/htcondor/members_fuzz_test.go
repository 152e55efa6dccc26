package htcondor

import (
	"strings"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

// FuzzMembers reads an ad of a slot, and one of a master, which root on w2 may have
// sent. Whatever they hold, a worker that has proved to be a node is that node, w1 stays as
// it is, and the snapshot is sane.
func FuzzMembers(f *testing.F) {
	const good = `{"Machine":"w1.hpc.test","Name":"slot1@w1.hpc.test","AuthenticatedIdentity":"worker.w1.x@hpc.test","NovaInstanceUUID":"s1","PartitionableSlot":true,"Start":true,"Cpus":2,"TotalSlotCpus":2,"LastHeardFrom":1795900000}`
	const master = `{"Machine":"w1.hpc.test","AuthenticatedIdentity":"worker.w1.x@hpc.test","NovaInstanceUUID":"s1"}`
	for _, ad := range []string{
		`{"Machine":"w2.hpc.test","AuthenticatedIdentity":"worker.w2.x@hpc.test","NovaInstanceUUID":"s2","Start":true,"State":"Claimed"}`,
		`{"Machine":"w1.hpc.test","Name":"slot1@w1.hpc.test","AuthenticatedIdentity":"worker.w2.x@hpc.test","Cpus":100000,"Draining":true}`,
		`{"Machine":"\/Expr(ifThenElse(isUndefined(LastHeardFrom),\"w1.hpc.test\",\"w2.hpc.test\"))\/","Name":"slot1@w1.hpc.test","AuthenticatedIdentity":"worker.w2.x@hpc.test"}`,
		`{"Machine":"W1.HPC.TEST","AuthenticatedIdentity":"WORKER.W2.X@hpc.test","TotalSlotCpus":1e300,"Cpus":-9e18,"NumDynamicSlots":2e12,"MyCurrentTime":2e12,"DaemonStartTime":1}`,
		`{"Machine":"w1.hpc.test","VmclusterName":"w1","AuthenticatedIdentity":"condor@hpc.test","MyAddress":"<[::1]:9618?x>","LastHeardFrom":9e15}`,
	} {
		f.Add(ad, ad, "slot1_1@w1.hpc.test")
	}
	f.Fuzz(func(t *testing.T, slot, sent, host string) {
		ignore, byOwner := func(string, string) {}, false
		own := func(a ad) error { byOwner = byOwner || identityOf(a).node == "w1"; return nil }
		if decode(strings.NewReader("["+slot+","+sent+"]"), own, ignore) != nil || byOwner {
			return // the collector writes the sender's identity into an ad, and the sender is not w1
		}
		l := newWorkerList([]string{"Machine", "VmclusterName"})
		if decode(strings.NewReader("["+master+","+sent+"]"), l.addMaster, ignore) != nil || decode(strings.NewReader("["+good+","+slot+"]"), l.add, ignore) != nil {
			return
		}
		s := queue.Snapshot{Traits: Traits()}
		s.Workers, s.Claims = l.list()
		if w, there := s.Worker("w1"); !there || w.Identity != "w1" || w.Server != "s1" || w.Slots != 1 || w.Total.Cpus != 2 || w.Free.Cpus != 2 || w.Running != 0 || w.Draining {
			t.Errorf("w1 became %+v", w)
		}
		for _, p := range queuetest.Problems(s) {
			if !strings.Contains(p, "in the future") && !strings.Contains(p, "is no UTF-8") { // the collector's clock; all text is cleaned later
				t.Error(p)
			}
		}
		if node, _ := l.proves(host); node != strings.ToLower(node) {
			t.Errorf("%q is on %q", host, node)
		}
	})
}
