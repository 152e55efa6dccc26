package cluster

import (
	"errors"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/rule"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// hostName is the rule for a part of nodes' names.
func hostName(check func(string) error) validator.String {
	return rule.Text("must be a DNS label", "Invalid name", func(name string) error { return reasonOf(check(name), name) })
}

// reasonOf returns an error of the domain without what it is about, up to the quoted
// name: the diagnostic's place says that.
func reasonOf(err error, name string) error {
	if err == nil {
		return nil
	}
	for _, quoted := range []string{strconv.Quote(name), strconv.QuoteToASCII(name)} {
		if _, reason, found := strings.Cut(err.Error(), quoted); found {
			return errors.New(strings.TrimLeft(reason, ": "))
		}
	}
	return err
}

// metadataKey is the rule for the keys of a server's metadata.
func metadataKey() validator.String {
	return rule.Text("must be a key of a server's metadata, not one of vmcluster's own", "", func(key string) error {
		return reasonOf(cluster.CheckMetadataKey(key), key)
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
