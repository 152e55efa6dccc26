package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// Tags stand on every server from the create call on (Nova: at most 50 of 60
// characters, no '/' and no ','). A list by IDTag is the whole cluster.
const (
	idTag    = "vmcluster:"
	nameTag  = "vmcluster-name:"
	roleTag  = "vmcluster-role:"
	groupTag = "vmcluster-group:"
)

// Keys of a server's metadata that are ours. Document chunks have keys of their
// own, see Document.
const (
	MetaSpec      = "vmcluster_spec"       // hash of the NodeSpec that made the node
	MetaFlavor    = "vmcluster_flavor"     // flavor ID, which Nova no longer tells from 2.47 on
	MetaOwner     = "vmcluster_owner"      // OwnerTerraform or OwnerScaler
	MetaCreatedBy = "vmcluster_created_by" // fingerprint of the run that made the cluster
	MetaCA        = "vmcluster_ca"         // fingerprint of the cluster CA the node was born with
	MetaBatch     = "vmcluster_batch"      // which run of creates made the node: tells our servers from others' of the same name
	MetaReady     = "vmcluster_ready"      // on the front-end: set when the first apply was through
	MetaProtect   = "vmcluster_protect"    // set by an operator: the scaler must leave the node alone
)

// Owners of a node.
const (
	OwnerTerraform = "terraform"
	OwnerScaler    = "scaler"
)

// IDTag marks every object of the cluster with that ID.
func IDTag(id string) string { return idTag + id }

// NameTag marks every server of clusters of that name.
func NameTag(name string) string { return nameTag + name }

// RoleTag marks the servers of one role.
func RoleTag(r Role) string { return roleTag + string(r) }

// Tags returns the tags of a node.
func Tags(id, name string, role Role, group string) []string {
	tags := []string{IDTag(id), NameTag(name), RoleTag(role)}
	if group != "" {
		tags = append(tags, groupTag+group)
	}
	return tags
}

// ReadTags fills a node's cluster, role and group from its tags. It reports
// whether the tags make it a node of a cluster at all.
func ReadTags(n *Node, tags []string) bool {
	for _, t := range tags {
		switch {
		case strings.HasPrefix(t, idTag):
			n.ClusterID = strings.TrimPrefix(t, idTag)
		case strings.HasPrefix(t, nameTag):
			n.ClusterName = strings.TrimPrefix(t, nameTag)
		case strings.HasPrefix(t, roleTag):
			n.Role = Role(strings.TrimPrefix(t, roleTag))
		case strings.HasPrefix(t, groupTag):
			n.Group = strings.TrimPrefix(t, groupTag)
		}
	}
	return n.ClusterID != "" && n.Role != ""
}

// ReadMetadata fills what a node's metadata tells.
func ReadMetadata(n *Node, metadata map[string]string) {
	n.Metadata = metadata
	n.SpecHash = metadata[MetaSpec]
	n.Flavor = metadata[MetaFlavor]
	n.Owner = metadata[MetaOwner]
	n.Batch = metadata[MetaBatch]
	n.Protected = metadata[MetaProtect] != ""
}

// Hash returns a short fingerprint of what a node is made of: equal specs have
// equal hashes.
func (s NodeSpec) Hash() string {
	b, err := json.Marshal(s) // maps are written in key order
	if err != nil {
		panic("cluster: a NodeSpec of strings does not marshal: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
