package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/actuate"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/config"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/doctor"
)

// validate prints what is not right on this machine.
func validate(o order, c config.Config, stdout, stderr io.Writer) int {
	var all []doctor.Finding
	if !o.syntax {
		all = doctor.Doctor{Config: c, Now: time.Now}.Local()
	}
	if err := doctor.Write(stderr, doctor.Troubles(all)); err != nil || !doctor.Healthy(all) {
		return exitFailed
	}
	fmt.Fprintf(stdout, "%s is valid.\n", o.file)
	return exitOK
}

// whole reads a cluster with its front-end's report, which stays in its slot.
type whole struct{ *actuate.Nova }

// Read reads the cluster and the report.
func (w whole) Read(ctx context.Context) (cluster.View, error) {
	v, err := w.Nova.Read(ctx)
	if err != nil {
		return v, err
	}
	return w.Report(ctx, v, true)
}

// examine tries everything that the scaler needs.
func examine(ctx context.Context, o order, c config.Config, stdout, stderr io.Writer) int {
	d := doctor.Doctor{
		Config: c, Queue: reader(c.Queue), Now: time.Now,
		Login: func(ctx context.Context) (doctor.Cloud, doctor.Cluster, error) {
			cloud, err := login(ctx, c, hclog.NewNullLogger())
			if err != nil {
				return nil, nil, err
			}
			return cloud, whole{actuate.NewNova(c.Cluster, provision.Steps{Provisioner: provision.New(cloud, provision.Options{Owner: cluster.OwnerScaler})}).Looking()}, nil
		},
	}
	all := d.Examine(ctx)
	write := doctor.Write
	if o.json {
		write = doctor.WriteJSON
	}
	if err := write(stdout, all); err != nil {
		fmt.Fprintln(stderr, "vmcluster-scaler:", err)
		return exitFailed
	}
	if !doctor.Healthy(all) {
		return exitFailed
	}
	return exitOK
}
