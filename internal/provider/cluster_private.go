package provider

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// createdBy marks servers with the place that makes them, so that the next run
// there knows what an interrupted one left, and takes nobody else's.
func createdBy(clusterName string) string {
	host, _ := os.Hostname() // without a name, the directory alone tells
	dir, _ := os.Getwd()
	sum := sha256.Sum256([]byte(strings.Join([]string{host, dir, workspace(), clusterName}, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// workspace is the command line's workspace: two of them share a directory, and
// no lock keeps them apart. Providers are not told it, so it is read where the
// command line keeps it.
func workspace() string {
	if name := os.Getenv("TF_WORKSPACE"); name != "" {
		return name
	}
	name, err := os.ReadFile(filepath.Join(cmp.Or(os.Getenv("TF_DATA_DIR"), ".terraform"), "environment"))
	if err != nil {
		return "default" // it is written when another one is selected
	}
	return strings.TrimSpace(string(name))
}

// privateLeaving is the key under which a refresh keeps who is being drained, so
// that a plan names those first.
const privateLeaving = "leaving"

// private is what the private state tells a plan.
type private struct {
	leaving []string
}

func (p private) leaves(name string) bool { return slices.Contains(p.leaving, name) }

type privateState interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

func readPrivate(ctx context.Context, s privateState) (private, diag.Diagnostics) {
	var p private
	raw, diags := s.GetKey(ctx, privateLeaving)
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &p.leaving); err != nil {
			diags.AddError("Private state can't be read", sentence(err.Error()))
		}
	}
	return p, diags
}

func leavingOf(doc cluster.Document) []string {
	names := []string{}
	for _, m := range doc.Workers {
		if m.Leaving != cluster.Stays {
			names = append(names, m.Name)
		}
	}
	return names
}
