package cluster

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/rule"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// hostName is the rule for a part of nodes' names.
func hostName(check func(string) error) validator.String {
	return rule.Text("must be a DNS label", "Invalid name", func(name string) error {
		if err := check(name); err != nil {
			return fmt.Errorf("%w. Node names are host names, so choose a name that is one", err)
		}
		return nil
	})
}

// nameOrID is the rule for the name or ID of something in the cloud.
func nameOrID() validator.String { return rule.Text("must be a name or an ID", "", checkReference) }

// drainTime is the rule for the time to drain a worker.
func drainTime() validator.String {
	return rule.Text("must be a span of time such as 30m", "", checkDrain)
}

// checkCAKey returns why a text can't be the private key of a CA, or nil. The error
// never holds the key.
func checkCAKey(key string) error {
	_, err := trust.ParseCA(key)
	return err
}
