package htcondor

import "github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"

func init() { queue.RegisterJudge(Name, Judge) }
