package doctor

import (
	"context"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/config"
	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// Doctor examines what a configuration needs.
type Doctor struct {
	Config config.Config
	Login  func(ctx context.Context) (Cloud, Cluster, error)
	Queue  queue.Reader
	Now    func() time.Time
}

// Cloud has the calls by which rights and clocks are tried; *openstack.Client satisfies
// it.
type Cloud interface {
	Endpoints() (openstack.Endpoints, error)
	Roles() []string
	Try(ctx context.Context, at openstack.Endpoint, method, path string, body any) (openstack.Answer, error)
}

// Cluster reads the cluster and leaves the front-end's report in its slot.
type Cluster interface {
	Read(ctx context.Context) (cluster.View, error)
}

// Local examines what is on this machine: files, tools, tokens, certificates. It contacts
// neither cloud nor queue.
func (d Doctor) Local() []Finding {
	var all []Finding
	all = append(all, d.settings())
	all = append(all, d.tools(d.Config.Queue.Settings)...)
	all = append(all, d.page()...)
	all = append(all, d.decisions()...)
	if d.Config.Actuator == config.ActuatorTerraform {
		all = append(all, d.terraform()...)
	}
	return all
}

// Examine examines what is on this machine, the cloud and the queue.
func (d Doctor) Examine(ctx context.Context) []Finding {
	all := append(d.Local(), d.space()...)
	found, view, read := d.examineCloud(ctx)
	all = append(all, found...)
	all = append(all, d.followed(view, read)...)
	return append(all, d.examineQueue(ctx, view, read)...)
}
