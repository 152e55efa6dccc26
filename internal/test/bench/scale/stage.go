package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/bench"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/tfcli"
)

// What each server is.
const (
	imageName  = "debian-13-hpc"
	flavorName = "m1.small"
)

// stage is an embedded cloud with a working directory for a command line.
type stage struct {
	cloud *openstacktest.Cloud
	cli   *tfcli.CLI
	env   []string

	changes span // where measureProvider follows the calls
}

func newStage(s settings) (*stage, func(), error) {
	dir, err := os.MkdirTemp("", "vmcluster-bench-")
	if err != nil {
		return nil, nil, fmt.Errorf("make a working directory: %w", err)
	}
	cloud := openstacktest.New(bench.Nova())
	if err := cloud.Start(); err != nil {
		return nil, nil, err
	}
	st := &stage{cloud: cloud}
	for k, v := range cloud.Env() {
		st.env = append(st.env, k+"="+v)
	}
	if st.cli, err = tfcli.New(s.cli, dir, s.bin); err != nil {
		return nil, nil, err
	}
	st.cli.Env, st.cli.Out = st.env, io.Discard
	if s.verbose {
		st.cli.Out = os.Stderr
	}
	return st, func() {
		cloud.Close()
		_ = os.RemoveAll(dir) // a temporary folder
	}, nil
}

// bare returns the bare API on the stage's cloud.
func (st *stage) bare(ctx context.Context) (bench.Bare, error) {
	env := st.cloud.Env()
	client, err := openstack.New(ctx, openstack.Config{Getenv: func(key string) string { return env[key] }})
	if err != nil {
		return bench.Bare{}, err
	}
	userData, err := bench.UserData()
	if err != nil {
		return bench.Bare{}, err
	}
	return bench.Bare{Cloud: client, Concurrency: provision.DefaultConcurrency, Server: cluster.NodeRequest{
		ClusterID: "be9c4000-0000-4000-8000-000000000001", ClusterName: "bare", Role: cluster.RoleWorker, Group: "cpu",
		Image: openstacktest.DefaultImages()[1].ID, Flavor: openstacktest.DefaultFlavors()[3].ID,
		Network: openstacktest.DefaultNetworks()[0].ID, SecurityGroups: []string{"default"}, UserData: userData,
	}}, nil
}
