package openstack

import (
	"context"
	"encoding/base64"
	"errors"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/keypairs"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/text"
)

// CreateNode makes one server and returns its ID. It does not wait, and sends the
// request only once: after an error of kind FaultUnavailable the server may exist.
func (c nodeCalls) CreateNode(ctx context.Context, r cluster.NodeRequest) (string, error) {
	return on("create server "+r.Name, c.compute, func(sc *gophercloud.ServiceClient) (string, error) {
		created, err := servers.Create(ctx, forRequest(sc, r), createOpts(r), hints(r)).Extract()
		if err != nil {
			return "", err
		}
		if created.ID == "" {
			// The caller looks for the server by its name, as after no answer.
			return "", &cluster.CloudError{Kind: cluster.FaultUnavailable, Op: "create server " + r.Name, Message: "the answer holds no server ID"}
		}
		return created.ID, nil
	})
}

// forRequest returns a client with the microversion that the request needs.
func forRequest(sc *gophercloud.ServiceClient, r cluster.NodeRequest) *gophercloud.ServiceClient {
	if r.BootVolume == nil || r.BootVolume.Type == "" {
		return sc
	}
	return withMicroversion(sc, volumeTypeMicroversion)
}

func createOpts(r cluster.NodeRequest) servers.CreateOptsBuilder {
	opts := servers.CreateOpts{
		Name:             r.Name,
		ImageRef:         r.Image,
		FlavorRef:        r.Flavor,
		AvailabilityZone: r.Zone,
		Networks:         nics(r),
		SecurityGroups:   r.SecurityGroups,
		Metadata:         r.Metadata,
		Tags:             r.Tags(),
		UserData:         encodeUserData(r.UserData),
	}
	if r.ConfigDrive {
		opts.ConfigDrive = &r.ConfigDrive
	}
	if v := r.BootVolume; v != nil {
		opts.ImageRef = ""
		opts.BlockDevice = []servers.BlockDevice{{
			SourceType: servers.SourceImage, UUID: r.Image, DestinationType: servers.DestinationVolume,
			VolumeSize: v.Size, VolumeType: v.Type, DeleteOnTermination: v.DeleteOnTermination,
		}}
	}
	if r.StateVolume != "" {
		opts.BlockDevice = append(bootDevices(opts.BlockDevice, r.Image), servers.BlockDevice{
			SourceType: servers.SourceVolume, UUID: r.StateVolume, DestinationType: servers.DestinationVolume, BootIndex: -1,
		})
	}
	return keypairs.CreateOptsExt{KeyName: r.KeyPair, CreateOptsBuilder: opts}
}

// bootDevices returns the devices that a server boots from, for a list to which others
// are added: Nova then wants the flavor's disk with its image in the list as well.
func bootDevices(boot []servers.BlockDevice, image string) []servers.BlockDevice {
	if len(boot) > 0 {
		return boot
	}
	return []servers.BlockDevice{{SourceType: servers.SourceImage, UUID: image, DestinationType: servers.DestinationLocal, DeleteOnTermination: true}}
}

// nics returns the networks of a server in order. The network for the cluster's
// traffic may have a given port or address.
func nics(r cluster.NodeRequest) []servers.Network {
	all := r.Networks
	if len(all) == 0 {
		all = []string{r.Network}
	}
	out := make([]servers.Network, 0, len(all))
	for _, id := range all {
		switch {
		case id == r.Network && r.Port != "":
			out = append(out, servers.Network{Port: r.Port})
		case id == r.Network:
			out = append(out, servers.Network{UUID: id, FixedIP: r.FixedIP})
		default:
			out = append(out, servers.Network{UUID: id})
		}
	}
	return out
}

func hints(r cluster.NodeRequest) servers.SchedulerHintOptsBuilder {
	if r.ServerGroupID == "" {
		return nil
	}
	return servers.SchedulerHintOpts{Group: r.ServerGroupID}
}

// encodeUserData encodes user data that may look like base64 already. The library would
// send such bytes as they are, and the node would get them decoded.
func encodeUserData(raw []byte) []byte {
	if len(raw) == 0 {
		return nil
	}
	return base64.StdEncoding.AppendEncode(nil, raw)
}

// DeleteNode requests the server's deletion and does not wait for it. A server that is
// gone already is no error.
func (c nodeCalls) DeleteNode(ctx context.Context, id string) error {
	_, err := on("delete server "+id, c.compute, func(sc *gophercloud.ServiceClient) (struct{}, error) {
		return struct{}{}, servers.Delete(ctx, sc, id).ExtractErr()
	})
	return unlessGone(err)
}

func unlessGone(err error) error {
	if cluster.IsKind(err, cluster.FaultNotFound) {
		return nil
	}
	return err
}

// SetMetadata replaces the server's whole metadata and returns the set that Nova
// then holds. After an error of kind FaultUnavailable the set may have been
// written or not: read it back before you write again.
func (c nodeCalls) SetMetadata(ctx context.Context, id string, metadata map[string]string) (map[string]string, error) {
	if metadata == nil {
		metadata = map[string]string{} // nil would be sent as null, which Nova refuses
	}
	return on("set metadata of server "+id, c.compute, func(sc *gophercloud.ServiceClient) (map[string]string, error) {
		return servers.ResetMetadata(ctx, sc, id, servers.MetadataOpts(metadata)).Extract()
	})
}

// Metadata reads the server's whole metadata.
func (c nodeCalls) Metadata(ctx context.Context, id string) (map[string]string, error) {
	return on("read metadata of server "+id, c.compute, func(sc *gophercloud.ServiceClient) (map[string]string, error) {
		return servers.Metadata(ctx, sc, id).Extract()
	})
}

// Report reads the server's password slot, in which a front-end leaves its
// report; "" when it is empty.
func (c nodeCalls) Report(ctx context.Context, id string) (string, error) {
	return on("read report of server "+id, c.compute, func(sc *gophercloud.ServiceClient) (string, error) {
		return servers.GetPassword(ctx, sc, id).ExtractPassword(nil)
	})
}

// ClearReport empties the server's password slot.
func (c nodeCalls) ClearReport(ctx context.Context, id string) error {
	_, err := on("clear report of server "+id, c.compute, func(sc *gophercloud.ServiceClient) (struct{}, error) {
		_, err := sc.Delete(ctx, sc.ServiceURL("servers", id, "os-server-password"), nil)
		return struct{}{}, err
	})
	return err
}

// ConsoleTail returns the last lines of the server's console log. For a server without
// one (it is still building, or has no serial console) the error is of kind
// FaultOther.
func (c nodeCalls) ConsoleTail(ctx context.Context, id string, lines int) (string, error) {
	tail, err := on("read console log of server "+id, c.compute, func(sc *gophercloud.ServiceClient) (string, error) {
		return servers.ShowConsoleOutput(ctx, sc, id, servers.ShowConsoleOutputOpts{Length: lines}).Extract()
	})
	var ce *cluster.CloudError
	if errors.As(err, &ce) {
		switch ce.Kind {
		case cluster.FaultConflict, cluster.FaultBadRequest, cluster.FaultNotFound:
			ce.Kind = cluster.FaultOther
		}
	}
	return text.Lines(tail, longestConsole), err
}

// longestConsole is the number of characters of a console log that are kept. Each line
// may be as long as its author likes.
const longestConsole = 256 << 10
