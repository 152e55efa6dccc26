package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// barePause is the time between two lists of the bare API.
const barePause = time.Second

// Cloud is what the bare API needs of a client; *openstack.Client has it.
type Cloud interface {
	Nodes(ctx context.Context, tags ...string) (cluster.Nodes, error)
	CreateNode(ctx context.Context, r cluster.NodeRequest) (string, error)
	DeleteNode(ctx context.Context, id string) error
}

// Bare makes and deletes servers by nothing but the calls that this takes: one POST or
// DELETE for each server at bounded concurrency, and lists until all are ACTIVE or gone.
// It is the measure for programs that do more.
type Bare struct {
	Cloud       Cloud
	Concurrency int // calls side by side
	Server      cluster.NodeRequest
}

// Create makes n servers and returns when all are ACTIVE. A server in ERROR is an error.
func (b Bare) Create(ctx context.Context, n int) error {
	var g errgroup.Group
	g.SetLimit(b.Concurrency)
	for i := range n {
		g.Go(func() error {
			r := b.Server
			r.Name = fmt.Sprintf("%s-%d", r.ClusterName, i+1)
			_, err := b.Cloud.CreateNode(ctx, r)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("create a server: %w", err)
	}
	return b.until(ctx, func(nodes cluster.Nodes) (bool, error) {
		active := 0
		for _, node := range nodes {
			switch node.Status {
			case cluster.StatusActive:
				active++
			case cluster.StatusError:
				return false, fmt.Errorf("server %s is in ERROR", node.Name)
			}
		}
		return active == n, nil
	})
}

// Destroy deletes all servers that Create has made, and returns when they are gone.
func (b Bare) Destroy(ctx context.Context) error {
	nodes, err := b.Cloud.Nodes(ctx, cluster.IDTag(b.Server.ClusterID))
	if err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(b.Concurrency)
	for _, node := range nodes {
		g.Go(func() error { return b.Cloud.DeleteNode(ctx, node.ID) })
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("delete a server: %w", err)
	}
	return b.until(ctx, func(nodes cluster.Nodes) (bool, error) { return len(nodes) == 0, nil })
}

// until lists the servers until done returns true or an error.
func (b Bare) until(ctx context.Context, done func(cluster.Nodes) (bool, error)) error {
	for {
		nodes, err := b.Cloud.Nodes(ctx, cluster.IDTag(b.Server.ClusterID))
		if err != nil {
			return err
		}
		if ok, err := done(nodes); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), context.Cause(ctx))
		case <-time.After(barePause):
		}
	}
}
