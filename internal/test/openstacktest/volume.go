package openstacktest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// volume is a volume that the block-storage service made for a server.
type volume struct {
	id, kind, image, server string
	size                    int // GiB
	deleteWithServer        bool
}

// blockDevice is a part of the create call's block_device_mapping_v2. Of all that
// Nova can do, this cloud makes volumes from images.
type blockDevice struct {
	SourceType      string `json:"source_type"`
	DestinationType string `json:"destination_type"`
	UUID            string
	BootIndex       *int   `json:"boot_index"`
	Size            int    `json:"volume_size"`
	Type            string `json:"volume_type"`
	Delete          bool   `json:"delete_on_termination"`
}

var blockDeviceKeys = map[string][2]int{
	"virtual_name": {}, "volume_id": {}, "snapshot_id": {}, "image_id": {}, "volume_size": {}, "destination_type": {},
	"guest_format": {}, "device_type": {}, "disk_bus": {}, "boot_index": {}, "delete_on_termination": {}, "no_device": {},
	"connection_info": {}, "device_name": {}, "source_type": {}, "uuid": {}, "tag": {42}, "volume_type": {67},
}

// checkBlockDevices is the schema of the create call's block devices.
func checkBlockDevices(q *request, raw json.RawMessage) bool {
	if raw == nil {
		return true
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		invalidInput(q, "block_device_mapping_v2", raw, pyRepr(raw)+" is not of type 'array'")
		return false
	}
	for i, item := range list {
		fields, ok := decode(item)
		if !ok {
			invalidInput(q, fmt.Sprint(i), item, pyRepr(item)+" is not of type 'object'")
			return false
		}
		for _, key := range slices.Sorted(maps.Keys(fields)) {
			if span, known := blockDeviceKeys[key]; !known || q.mv < span[0] {
				invalidInput(q, fmt.Sprint(i), item, fmt.Sprintf("Additional properties are not allowed (%s was unexpected)", pyString(key)))
				return false
			}
		}
	}
	return true
}

// bootDevice returns the device that a server boots from, where it is a volume;
// it writes the answer itself if the devices can't be booted from.
func (c *Cloud) bootDevice(q *request, b createBody) (*blockDevice, bool) {
	if len(b.BlockDevices) == 0 {
		return nil, true
	}
	i := slices.IndexFunc(b.BlockDevices, func(d blockDevice) bool { return d.BootIndex != nil && *d.BootIndex == 0 })
	if i < 0 {
		badRequest(q, "Block Device Mapping is Invalid: Boot sequence for the instance and image/block device mapping combination is not valid.")
		return nil, false
	}
	d := &b.BlockDevices[i]
	image := c.image(d.UUID)
	switch {
	case image == nil:
		badRequest(q, "Block Device Mapping is Invalid: failed to get image %s.", d.UUID)
	case d.DestinationType == "volume" && d.Size == 0:
		badRequest(q, "Images with destination_type 'volume' need to have a non-zero size specified")
	case d.DestinationType == "volume" && image.MinDisk > d.Size:
		badRequest(q, "Volume is smaller than the minimum size specified in image metadata. Volume size is %d bytes, minimum size is %d bytes.",
			d.Size<<30, image.MinDisk<<30)
	default:
		return d, true
	}
	return nil, false
}

// attachVolumes makes the volumes of a server that begins to build.
func (c *Cloud) attachVolumes(s *server) {
	d := s.boot
	if d == nil {
		return
	}
	if !c.o.BlockStorage {
		s.willFail = &serverFault{code: http.StatusInternalServerError, message: "Build of instance " + s.id + " aborted: publicURL endpoint for volumev3 service not found"}
		return
	}
	c.volumes = append(c.volumes, &volume{id: newUUID(), kind: d.Type, image: d.UUID, server: s.id, size: d.Size, deleteWithServer: d.Delete})
}

// dropVolumes deletes or detaches the volumes of a server that is deleted.
func (c *Cloud) dropVolumes(s *server) {
	c.volumes = slices.DeleteFunc(c.volumes, func(v *volume) bool { return v.server == s.id && v.deleteWithServer })
	for _, v := range c.volumes {
		if v.server == s.id {
			v.server = ""
		}
	}
}

func (c *Cloud) volumesView(q *request, s *server) []any {
	out := []any{}
	for _, v := range c.volumes {
		if v.server == s.id {
			view := map[string]any{"id": v.id}
			if q.mv >= 3 {
				view["delete_on_termination"] = v.deleteWithServer
			}
			out = append(out, view)
		}
	}
	return out
}

func showVolumeLimits(c *Cloud, q *request) {
	gigabytes := 0
	for _, v := range c.volumes {
		gigabytes += v.size
	}
	limit := func(n int) int {
		if n == 0 {
			return -1
		}
		return n
	}
	q.reply(http.StatusOK, map[string]any{"limits": map[string]any{"rate": []any{}, "absolute": map[string]int{
		"maxTotalVolumes": limit(c.o.Quota.Volumes), "totalVolumesUsed": len(c.volumes),
		"maxTotalVolumeGigabytes": limit(c.o.Quota.Gigabytes), "totalGigabytesUsed": gigabytes,
	}}})
}

// Volume is a volume as a test sees it.
type Volume struct {
	ID, Type, Image string
	Server          string // ID; "" when it outlived its server
	Size            int
}

// Volumes returns the volumes that there are.
func (c *Cloud) Volumes() []Volume {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Volume
	for _, v := range c.volumes {
		out = append(out, Volume{ID: v.id, Type: v.kind, Image: v.image, Server: v.server, Size: v.size})
	}
	return out
}
