// Package all registers the adapters of all batch systems that the scaler reads.
// This is the one place that lists them.
package all

import (
	_ "github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/htcondor"    // registers itself
	_ "github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/loadleveler" // registers itself
	_ "github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/program"     // registers itself
	_ "github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue/slurm"       // registers itself
)
