// Package cloudinit renders nodes' user data and holds the node program that
// runs on them.
//
// User data is MIME multi-part: our cloud-config first, then the user's own,
// which is merged in such a way that lists are appended and nothing of ours is
// lost. Ours brings the node program (node.py), tells it who the node is
// (/etc/vmcluster/node.json), and runs its setup; everything else a node does is
// the program's business.
//
// Every local user of a node could read its user data if the node did not limit
// the metadata address to root, so no lasting secret is in it: a worker's host
// key is replaced at its join, and the front-end's first key has a certificate
// of two hours.
package cloudinit
