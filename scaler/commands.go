package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/hashicorp/go-hclog"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/access"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/config"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/loop"
)

// act runs a verb that reads the queue.
func act(ctx context.Context, verb string, c config.Config, wait, asJSON bool, stdout, stderr io.Writer) int {
	log := newLogger(c, stderr)
	if verb == "plan" {
		c.Decisions = "" // a plan leaves no trace
		if log.GetLevel() >= hclog.Info {
			log.SetLevel(hclog.Off) // it tells by its table, or by its error
		}
	}
	l, end, err := build(ctx, c, log)
	if err != nil {
		fmt.Fprintln(stderr, "vmcluster-scaler:", err)
		return exitFailed
	}
	switch verb {
	case "run":
		log.Info("started", "version", versionText(), "cluster", c.Cluster, "actuator", c.Actuator, "interval", c.Interval)
		err = l.Run(ctx)
	case "once":
		_, err = l.Once(ctx)
	case "plan":
		err = plan(ctx, l, c, wait, asJSON, stdout)
	}
	// What is under way is finished, asked to stop or not.
	ctx = context.WithoutCancel(ctx)
	if err = errors.Join(err, end(ctx), l.Release(ctx)); err != nil {
		fmt.Fprintln(stderr, "vmcluster-scaler:", err)
		return exitFailed
	}
	return exitOK
}

func plan(ctx context.Context, l *loop.Loop, c config.Config, wait, asJSON bool, stdout io.Writer) error {
	look := l.Look
	if wait {
		look = l.Watch
	}
	r, err := look(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		return (&loop.JSONLines{W: stdout}).Record(r)
	}
	return loop.WritePlan(stdout, r, c.Policy.ScaleOutAfter, wait)
}

// status prints the access rules for this cloud.
func status(ctx context.Context, c config.Config, accessRules bool, stdout, stderr io.Writer) int {
	if !accessRules {
		fmt.Fprintln(stderr, "vmcluster-scaler: status needs --access-rules")
		return exitUsage
	}
	err := printAccessRules(ctx, c, stdout, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "vmcluster-scaler:", err)
		return exitFailed
	}
	return exitOK
}

func printAccessRules(ctx context.Context, c config.Config, stdout, stderr io.Writer) error {
	cloud, err := login(ctx, c, newLogger(c, stderr))
	if err != nil {
		return err
	}
	path, err := cloud.ComputePath()
	if err != nil {
		return err
	}
	return access.Write(stdout, access.Rules(path))
}
