// Package sshkeygen is a small ssh-keygen for machines that have none. It
// makes ed25519 keys, sets their passphrase, shows keys and fingerprints, and
// signs and shows host certificates, and signs and verifies messages: the uses that the node program and its
// tests make of OpenSSH's program, with the same options, files and output.
package sshkeygen
