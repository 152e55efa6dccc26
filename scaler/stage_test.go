package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// recordings are what HTCondor's tools printed on a real pool.
const recordings = "internal/queue/htcondor/testdata"

// stage is a cluster on an embedded cloud, and tools that print what real ones
// have printed.
type stage struct {
	t     *testing.T
	cloud *openstacktest.Cloud
	batch string // the batch system
	bin   string
	file  string // configuration
}

// newStage makes a stage whose cluster has a group that the scaler may scale; rest is the
// configuration beside the cluster's name and the queue.
func newStage(t *testing.T, rest string) *stage {
	t.Helper()
	return newStageOf(t, rest, &cluster.Scaling{Max: 10})
}

// newStageOf is newStage for a group with that scaling; nil: Terraform has its count.
func newStageOf(t *testing.T, rest string, scaling *cluster.Scaling) *stage {
	t.Helper()
	s := newCluster(t, "htcondor", map[string]cluster.GroupSpec{"cpu": {Count: 2, Scaling: scaling}})
	s.tools()
	s.configure(rest)
	return s
}

// newCluster makes a cluster with these groups. What their nodes are made of is added, but
// for a flavor.
func newCluster(t *testing.T, batch string, groups map[string]cluster.GroupSpec) *stage {
	t.Helper()
	s := &stage{t: t, cloud: openstacktest.New(openstacktest.Options{}), batch: batch, bin: t.TempDir()}
	if err := s.cloud.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.cloud.Close)
	for k, v := range s.cloud.Env() {
		t.Setenv(k, v)
	}
	client, err := openstack.New(t.Context(), openstack.Config{})
	if err != nil {
		t.Fatal(err)
	}
	node := cluster.NodeSpec{Image: openstacktest.DefaultImages()[0].ID, Flavor: "4", Network: openstacktest.DefaultNetworks()[0].ID, SecurityGroups: []string{"default"}}
	for name, g := range groups {
		flavor := cmp.Or(g.Flavor, node.Flavor)
		g.NodeSpec = node
		g.Flavor = flavor
		groups[name] = g
	}
	result, err := provision.New(client, provision.Options{}).Apply(t.Context(), provision.Request{
		Create: true, Wait: provision.WaitActive,
		Spec: cluster.Spec{
			ID: "4e3b6a52-0c0e-4f0f-9a51-5f3c8ed6f1d2", Name: "astro", LoginUser: "astro", LoginUID: cluster.DefaultLoginUID, KeyPair: "ops", BatchSystem: cluster.BatchSystem(batch),
			FrontEnd: node, Groups: groups,
		},
	})
	if err != nil || len(result.Problems) > 0 {
		t.Fatal(err, result.Problems)
	}
	frontEnd, _ := s.cloud.Server("astro-frontend")
	if err := s.cloud.PostPassword(frontEnd.ID, `{"generation": 1, "joined": 1, "pending": 1}`); err != nil {
		t.Fatal(err)
	}
	return s
}

// tools puts condor_q and condor_status into a directory.
func (s *stage) tools() {
	s.t.Helper()
	data, err := filepath.Abs(recordings)
	if err != nil {
		s.t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(data, "condor_q-full.json"))
	if err != nil {
		s.t.Fatal(err)
	}
	var ads, one []map[string]any
	if err := json.Unmarshal(raw, &ads); err != nil {
		s.t.Fatal(err)
	}
	for _, a := range ads {
		if a["ClusterId"] == 6.0 && a["ProcId"] == 1.0 {
			one = append(one, a)
		}
	}
	if raw, err = json.Marshal(one); err != nil || len(one) != 1 {
		s.t.Fatal(err, one)
	}
	for name, script := range map[string]string{
		"condor_status": `case "$*" in *-collector*) cat %[1]s/collector.json ;; *-schedd*) echo '[{"Name": "hcm.hpc.test"}]' ;; *-master*) cat %[1]s/condor_status-masters.json ;; *) cat %[1]s/condor_status-projected.json ;; esac`,
		"condor_q":      `case "$*" in *-totals*) cat %[1]s/condor_q-totals.json ;; *"ProcId == 1") cat %[2]s/one.json ;; *"ProcId == "*) ;; *) cat %[1]s/condor_q-full.json ;; esac`,
		"one.json":      "",
	} {
		content := raw
		if script != "" {
			content = fmt.Appendf(nil, "#!/bin/sh\n"+script+"\n#%[2]s\n", data, s.bin)
		}
		if err := os.WriteFile(filepath.Join(s.bin, name), content, 0o700); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *stage) configure(rest string) {
	s.t.Helper()
	s.write(fmt.Sprintf("cluster = \"astro\"\nqueue %q {\n  bin = %q\n}\n", s.batch, s.bin) + rest)
}

// write writes the configuration.
func (s *stage) write(content string) {
	s.t.Helper()
	if s.file == "" {
		s.file = filepath.Join(s.t.TempDir(), "scaler.hcl")
	}
	if err := os.WriteFile(s.file, []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// run runs a verb and returns what it printed.
func (s *stage) run(want int, args ...string) (out, text string) {
	s.t.Helper()
	var stdout, stderr bytes.Buffer
	if got := run(s.t.Context(), append(args, "--config", s.file), &stdout, &stderr); got != want {
		s.t.Fatalf("%v: exit status %d, want %d\n%s%s", args, got, want, stdout.String(), stderr.String())
	}
	return stdout.String(), stderr.String()
}

// slotWasCleared reports whether the front-end's report was taken.
func (s *stage) slotWasCleared() bool {
	for call, n := range s.cloud.Calls() {
		if n > 0 && strings.HasPrefix(call, "DELETE") && strings.HasSuffix(call, "/os-server-password") {
			return true
		}
	}
	return false
}

// output is what a running scaler writes.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}
