// Package cloudinit renders the user data of nodes.
//
// User data is MIME multi-part: our cloud-config first, then the user's own, which
// is merged so that its lists are appended and nothing of ours is lost. It is compressed
// where it would otherwise be too large. Ours holds the node program (internal/node), packed with the module of the cluster's batch
// system, and a description of the node (/etc/vmcluster/node.json); it runs the
// program's set-up. The program does everything else.
//
// Every local user of a node could read its user data if the node did not limit
// the metadata address to root. So it holds no lasting secret: a worker's host key
// is replaced at its join, and the certificate of the front-end's first key is good
// for two hours.
package cloudinit
