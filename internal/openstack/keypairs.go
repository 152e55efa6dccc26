package openstack

import (
	"context"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/keypairs"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

// longestKey is the number of characters of a public key that are kept. An RSA key of
// 16,384 bits has 2,800.
const longestKey = 8 << 10

// ResolveKeyPair returns the public key of the user's key pair of that name, as one
// line.
func (c *lookups) ResolveKeyPair(ctx context.Context, name string) (string, error) {
	return on(lookUp("key pair", name), c.compute, func(sc *gophercloud.ServiceClient) (string, error) {
		found, err := listAll(ctx, keypairs.List(sc, nil), keypairs.ExtractKeyPairs)
		if err != nil {
			return "", err
		}
		// A key pair has no other ID than its name.
		k, err := pick("key pair", name, found, func(k keypairs.KeyPair) named { return named{k.Name, k.Name} })
		// A key is one line, which people may have pasted with tabs and line breaks.
		return text.Line(k.PublicKey, longestKey), err
	})
}
