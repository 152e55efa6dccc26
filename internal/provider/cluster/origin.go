package cluster

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provider/diagnose"
)

// CreatedBy returns the fingerprint of the place that makes a cluster: host, folder
// and workspace. Servers bear it, so the next create at the same place recognizes
// what an interrupted one left, and takes no other run's servers for that.
//
// A place that lasts for one run only, as a container of a CI system does, never has
// a next create; see abandoned.
func CreatedBy(clusterName string) string {
	host, _ := os.Hostname() // without a host name, the folder has to do
	dir, _ := os.Getwd()
	sum := sha256.Sum256([]byte(strings.Join([]string{host, dir, workspace(), clusterName}, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// refOf names the cluster of a state, with what counts as left over from making it here.
// While an import is under way only the ID is known.
func refOf(m model) cluster.Ref {
	ref := cluster.Ref{ID: m.ID.ValueString(), Name: m.Name.ValueString(), Abandoned: abandoned()}
	if ref.Name != "" {
		ref.CreatedBy = CreatedBy(ref.Name)
	}
	return ref
}

// abandoned returns the ID of an unfinished cluster from another place that the
// operator declares dead, or the empty text. The error about such a cluster names
// the command that sets it.
func abandoned() string { return strings.TrimSpace(os.Getenv(diagnose.AbandonVariable)) }

// workspace returns the command line's workspace: two workspaces share a folder, and
// no lock keeps their runs apart. Terraform does not pass it to providers, so it is
// read from where the command line keeps it.
func workspace() string {
	if name := os.Getenv("TF_WORKSPACE"); name != "" {
		return name
	}
	file := filepath.Join(cmp.Or(os.Getenv("TF_DATA_DIR"), ".terraform"), "environment")
	name, err := os.ReadFile(file) //nolint:gosec // the operator names the folder
	if err != nil {
		return "default" // the file is written when another workspace is selected
	}
	return strings.TrimSpace(string(name))
}
