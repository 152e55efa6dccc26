package bench

import (
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cloudinit"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// UserData returns user data as a worker of ours gets it. The bare API and others that are
// measured beside us send it as well: what a create call carries is a part of what it costs the cloud.
func UserData() ([]byte, error) {
	ca, err := trust.NewCA()
	if err != nil {
		return nil, err
	}
	key, err := ca.HostKey("bench-bare-1", time.Now())
	if err != nil {
		return nil, err
	}
	doc := cluster.Document{ID: "be9c4000-0000-4000-8000-000000000000", Name: "bench-bare"}
	return cloudinit.Worker(cloudinit.WorkerInput{
		Common: cloudinit.NewCommon(doc, cluster.NodeSpec{}), Name: "bench-bare-1", Group: "cpu", FrontEndName: "bench-bare-front", CoordinatorKey: ca.Public(),
		HostKey: cloudinit.HostKey{Private: key.Private, Public: key.Public, Certificate: key.Certificate},
	})
}
