package slurm

import (
	"strings"
	"testing"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/queuetest"
)

// What each state of a node means: whether it is a worker, takes new jobs, and has one.
func TestStates(t *testing.T) {
	for state, want := range map[string]string{
		"IDLE+DYNAMIC_NORM":                          "takes jobs",
		"IDLE+DYNAMIC_NORM+PLANNED":                  "takes jobs",
		"IDLE":                                       "takes jobs",
		"IDLE+CLOUD":                                 "takes jobs",
		"MIXED+DYNAMIC_NORM":                         "takes jobs, has one",
		"ALLOCATED+DYNAMIC_NORM":                     "takes jobs, has one",
		"ALLOCATED+COMPLETING":                       "takes jobs, has one",
		"IDLE+COMPLETING":                            "takes jobs, has one",
		"IDLE+DRAIN+DYNAMIC_NORM":                    "closed",
		"MIXED+DRAIN+DYNAMIC_NORM":                   "closed, has one",
		"DOWN+DYNAMIC_NORM":                          "closed", // a person, or slurmctld, has put it down
		"DOWN+DRAIN+DYNAMIC_NORM":                    "closed",
		"IDLE+DYNAMIC_NORM+NOT_RESPONDING":           "closed", // not yet given up
		"IDLE*+DYNAMIC_NORM":                         "closed",
		"ALLOCATED+DYNAMIC_NORM+NOT_RESPONDING":      "closed, has one",
		"IDLE+MAINT":                                 "closed",
		"IDLE+RESERVED":                              "closed",
		"IDLE+INVALID_REG+DYNAMIC_NORM":              "closed",
		"IDLE+FAIL":                                  "closed",
		"IDLE+REBOOT_REQUESTED":                      "closed",
		"DOWN+DYNAMIC_NORM+NOT_RESPONDING":           "absent", // its slurmd is gone
		"DOWN*+DYNAMIC_NORM":                         "absent",
		"FUTURE":                                     "absent", // a placeholder
		"FUTURE+DYNAMIC_FUTURE":                      "absent",
		"UNKNOWN+DYNAMIC_NORM":                       "absent",
		"IDLE+CLOUD+POWERED_DOWN":                    "absent",
		"ALLOCATED+CLOUD+NOT_RESPONDING+POWERING_UP": "absent",
		"": "absent",
	} {
		r := pool()
		r.nodes = node("W9.example.org", state, "") + node("w1", "IDLE", "")
		got := "absent"
		if w, is := read(t, r).Worker("w9.example.org"); is {
			if got = "takes jobs"; w.Draining {
				got = "closed"
			}
			if w.Running > 0 {
				got += ", has one"
			}
		}
		if got != want {
			t.Errorf("%s: %s, want %s", state, got, want)
		}
	}
}

// A worker's life, as scontrol told of it.
func TestRecordedNodes(t *testing.T) {
	for file, want := range map[string]struct {
		draining, ran bool
		running       int
		idleSince     int64
		state         string
	}{
		"idle":          {false, true, 0, 1795951851, "IDLE+DYNAMIC_NORM"},
		"ran":           {false, true, 0, 1795951859, "IDLE+DYNAMIC_NORM"}, // since the end of its job
		"drained":       {true, true, 0, 1795951859, "IDLE+DRAIN+DYNAMIC_NORM"},
		"undrained":     {true, true, 0, 1795951866, "IDLE+DYNAMIC_NORM+NOT_RESPONDING"}, // for some seconds
		"undrained2":    {false, true, 0, 1795951866, "IDLE+DYNAMIC_NORM"},
		"draining":      {true, true, 1, 1795951866, "MIXED+DRAIN+DYNAMIC_NORM"},
		"drained-22.05": {true, true, 0, 0, "IDLE+DRAIN+DYNAMIC_NORM"},
	} {
		r := pool()
		r.nodes = "nodes/" + file + ".txt"
		w, is := read(t, r).Worker("w1")
		if !is || w.Draining != want.draining || w.RanBefore != want.ran || w.Running != want.running || w.State != want.state {
			t.Errorf("%s: %+v, want %+v", file, w, want)
		}
		if want.idleSince != 0 && !w.IdleSince.Equal(time.Unix(want.idleSince, 0)) {
			t.Errorf("%s: idle since %d, want %d", file, w.IdleSince.Unix(), want.idleSince)
		}
	}
}

func TestWorker(t *testing.T) {
	line := strings.NewReplacer(
		"CPUAlloc=0 CPUEfctv=4", "CPUAlloc=1 CPUEfctv=3", "Gres=(null)", "Gres=gpu:a100:2(S:0-1) GresDrain=N/A GresUsed=gpu:a100:1(IDX:0)",
		"AllocMem=0", "AllocMem=1000", "Boards=1", "Boards=1 MemSpecLimit=500", "TmpDisk=0", "TmpDisk=2", "Features=worker", "Features=fast,worker",
	).Replace(node("w1", "MIXED+DYNAMIC_NORM", "Extra={\"State\": 1} InstanceId=5c1c7a4e-1 InstanceType=m1"))
	r := pool(job(map[int]string{fieldState: "RUNNING", fieldNodes: "w[1-2]"}))
	r.partitions = "PartitionName=worker NodeSets=worker State=UP MaxTime=UNLIMITED\n"
	r.nodes = line
	w, _ := read(t, r).Worker("w1")
	if w.Total != (queue.Shape{Cpus: 3, MemoryMiB: 7500, DiskKiB: 2048, GPUs: 2}) || w.Free != (queue.Shape{Cpus: 2, MemoryMiB: 6500, DiskKiB: 2048, GPUs: 1}) {
		t.Errorf("%v of %v free", w.Free, w.Total)
	}
	if w.Server != "5c1c7a4e-1" || w.Running != 1 || w.HeardAt.IsZero() || w.Started.Unix() != 1795946000 {
		t.Errorf("%+v", w)
	}
	if w.Attributes[featuresAttribute] != "fast,worker" || w.Attributes[groupAttribute] != "worker" || w.Attributes[nodeAttribute] != "w1" || w.Attributes[partitionsAttribute] != "all_groups,worker" {
		t.Errorf("%v", w.Attributes)
	}
}

// A reservation keeps its nodes from usual jobs while it lasts.
func TestReservedNodes(t *testing.T) {
	r := pool()
	r.reservations = "ReservationName=mine StartTime=1600000000 EndTime=4102444800 Nodes=w[2-3] Flags=SPEC_NODES\n" +
		"ReservationName=later StartTime=4102444800 EndTime=4102448400 Nodes=w1 Flags=SPEC_NODES\n" +
		"ReservationName=odd StartTime=1600000000 EndTime=4102448400 Nodes=w[1 Flags=SPEC_NODES\n"
	s := read(t, r)
	one, _ := s.Worker("w1")
	two, _ := s.Worker("w2")
	if one.Draining || !two.Draining || len(s.LeftOut) != 1 {
		t.Errorf("%+v, %+v, %v", one, two, s.LeftOut)
	}
}

// A node that is gone comes back for Slurm when a new node gets its address.
func TestGhost(t *testing.T) {
	r := pool()
	r.nodes = strings.Replace(queuetest.File(t, "testdata/nodes/ghost.txt"), "+NOT_RESPONDING", "", 1)
	if s := read(t, r); len(s.Workers) != 1 || s.Workers[0].Name != "w1" {
		t.Errorf("%+v", s.Workers)
	}
}

// Two nodes of a name can't be told apart: the second counts for nothing.
func TestNodesOfOneName(t *testing.T) {
	r := pool()
	r.nodes += node("W1", "DOWN+DYNAMIC_NORM", "")
	if s := read(t, r); len(s.Workers) != 2 || s.Workers[0].Draining || len(s.LeftOut) != 1 {
		t.Errorf("%+v, %v", s.Workers, s.LeftOut)
	}
}

// A line break in an operator's text ends no node.
func TestLineBreakInAComment(t *testing.T) {
	r := pool()
	r.nodes = node("w1", "IDLE", "Comment=first\nsecond State=DOWN") + node("w2", "IDLE", "")
	if s := read(t, r); len(s.Workers) != 2 || s.Workers[0].Draining {
		t.Errorf("%+v", s.Workers)
	}
}
