package cluster

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Every server has these tags from its create call on (Nova: at most 50 tags of 60
// characters, no '/' and no ','). A list by IDTag is the whole cluster.
const (
	idTag    = "vmcluster:"
	nameTag  = "vmcluster-name:"
	roleTag  = "vmcluster-role:"
	groupTag = "vmcluster-group:"
	leaseTag = "vmcluster-lease:" // this and the next on the front-end only, and added later
	memoTag  = "vmcluster-memo:"
)

// NoFloatingTag is on a front-end whose cluster was made without a floating IP, from its
// create call until one is asked for: such a cluster has none that a destroy has to look
// for. It is a tag and not a part of the metadata, because Nova writes those as a whole: a
// writer beside it would bring the mark back.
const NoFloatingTag = "vmcluster-floating-ip:never"

// Keys of a server's metadata that are ours. Document chunks have keys of their
// own, see Document.
const (
	MetaSpec        = "vmcluster_spec"         // hash of the NodeSpec that made the node
	MetaFlavor      = "vmcluster_flavor"       // flavor ID, which Nova does not show from 2.47 on
	MetaImage       = "vmcluster_image"        // image ID of a node on a boot volume, for which Nova shows none
	MetaNetwork     = "vmcluster_network"      // name of the network for the cluster's traffic, where a node has several
	MetaServerGroup = "vmcluster_server_group" // policy of the server group that the node was made in
	MetaOwner       = "vmcluster_owner"        // OwnerTerraform or OwnerScaler
	MetaCreatedBy   = "vmcluster_created_by"   // fingerprint of the run that made the cluster
	MetaCA          = "vmcluster_ca"           // fingerprint of the cluster CA in the node's user data
	MetaBatch       = "vmcluster_batch"        // the batch in which the node was made; other servers of its name have another one
	MetaBatchCA     = "vmcluster_batch_ca"     // public half of the batch's CA: by it any process can enrol the worker, see ReadBatchCA
	MetaSent        = "vmcluster_sent"         // generation of the roster in the user data of a worker that takes it to the front-end
	MetaReady       = "vmcluster_ready"        // set when the first apply has ended: on the front-end, and on a worker, which shows it when the front-end is gone
	MetaProtect     = "vmcluster_protect"      // set by an operator: the scaler must leave the node alone
)

// MetaPrefix begins the keys that are ours.
const MetaPrefix = "vmcluster_"

// MaxMetadata is how many items of metadata a server may have (nova:
// conf/quota.py). Keys and values have at most MaxMetadataText characters.
const (
	MaxMetadata     = 128
	MaxMetadataText = 255
)

var metadataKey = regexp.MustCompile(`^[a-zA-Z0-9-_:. ]{1,255}$`) // nova: parameter_types.py

// OwnMetadata returns how many keys of ours a server of that spec and role may get, without
// the document.
func (s NodeSpec) OwnMetadata(role Role) int {
	n := 8 // those above without MetaBatchCA, MetaImage, MetaNetwork and MetaServerGroup
	if role == RoleWorker {
		n += 2 // MetaBatchCA; MetaReady beside MetaSent
	}
	if s.ServerGroup != "" {
		n++
	}
	if len(s.Networks) > 1 {
		n++
	}
	if s.BootVolume != nil {
		n++
	}
	return n
}

// CheckMetadataKey returns why key can't be one of the user's own, or nil.
func CheckMetadataKey(key string) error {
	if strings.HasPrefix(key, MetaPrefix) {
		return fmt.Errorf("metadata key %q: keys that begin with %s are the provider's own", key, MetaPrefix)
	}
	if !metadataKey.MatchString(key) {
		return fmt.Errorf("metadata key %q: it may have 1 to 255 letters, digits, spaces, hyphens, underscores, colons and dots", key)
	}
	return nil
}

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

// Tags returns the tags of a node, without NoFloatingTag.
func Tags(id, name string, role Role, group string) []string {
	tags := []string{IDTag(id), NameTag(name), RoleTag(role)}
	if group != "" {
		tags = append(tags, groupTag+group)
	}
	return tags
}

// LeaseTag returns the tag of a scaler's lease on the front-end. The lease is a tag and
// not a part of the document, because Nova writes metadata as a whole: a renewal there
// would sometimes undo another writer's document. The text may have 44 characters.
func LeaseTag(text string) string { return leaseTag + text }

// MemoTag returns the tag of a memo on the front-end, which a scaler leaves for its
// successor. It is a tag for the same reason. The text may have MaxMemo characters.
func MemoTag(text string) string { return memoTag + text }

// MaxMemo is the length of a memo in characters.
const MaxMemo = 60 - len(memoTag)

// plainID are texts that a message may hold as they are, also in a command to copy.
var plainID = regexp.MustCompile(`^[0-9a-zA-Z-]+$`)

// ReadTags fills a node's cluster, role, group and all else that its tags say. It reports
// whether the tags make it a node of a cluster at all. Any user of the project can write
// tags, so an ID that is more than letters, digits and hyphens counts as none, and so does
// a name that no cluster can have.
func ReadTags(n *Node, tags []string) bool {
	for _, t := range tags {
		switch {
		case strings.HasPrefix(t, idTag):
			if id := strings.TrimPrefix(t, idTag); plainID.MatchString(id) {
				n.ClusterID = id
			}
		case strings.HasPrefix(t, nameTag):
			if name := strings.TrimPrefix(t, nameTag); CheckClusterName(name) == nil {
				n.ClusterName = name
			}
		case strings.HasPrefix(t, roleTag):
			n.Role = Role(strings.TrimPrefix(t, roleTag))
		case strings.HasPrefix(t, groupTag):
			n.Group = strings.TrimPrefix(t, groupTag)
		case strings.HasPrefix(t, leaseTag):
			n.Leases = append(n.Leases, strings.TrimPrefix(t, leaseTag))
		case strings.HasPrefix(t, memoTag):
			n.Memos = append(n.Memos, strings.TrimPrefix(t, memoTag))
		case t == NoFloatingTag:
			n.NeverFloated = true
		}
	}
	return n.ClusterID != "" && n.Role != ""
}

// ReadMetadata fills the fields of a node that its metadata holds.
func ReadMetadata(n *Node, metadata map[string]string) {
	n.Metadata = metadata
	n.SpecHash = metadata[MetaSpec]
	n.Flavor = metadata[MetaFlavor]
	n.Owner = metadata[MetaOwner]
	n.Batch = metadata[MetaBatch]
	n.BatchCA = ReadBatchCA(n.Batch, metadata[MetaBatchCA])
	n.Protected = metadata[MetaProtect] != ""
	n.ServerGroup = metadata[MetaServerGroup]
	if image := metadata[MetaImage]; image != "" {
		n.Image = image
	}
}

// Hash returns a short fingerprint of the specification: equal specs have equal hashes.
func (s NodeSpec) Hash() string {
	b, err := json.Marshal(s) // maps are written in key order
	if err != nil {
		panic("cluster: a NodeSpec of strings does not marshal: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}
