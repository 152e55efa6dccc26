package openstacktest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

// volume is a volume of the block-storage service: made by Nova for a server, or by a
// person.
type volume struct {
	id, name, kind, image string
	server                string // ID of the server that has it; "" for none
	attachment            string // ID of its attachment, while there is one
	size                  int    // GiB
	multiattach           bool
	deleteWithServer      bool
	status                string // as a test has set it; "" follows the servers
	created, freeAt       time.Time
}

// blockDevice is a part of the create call's block_device_mapping_v2. Of all that
// Nova can do, this cloud boots from images, makes volumes from them, and attaches
// volumes that exist.
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

// bootDevice returns the device that a server boots from, where it is a volume, and nil
// where it is the flavor's disk; it writes the answer itself if the devices can't be
// booted from.
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
	case d.DestinationType == "volume":
		return d, true
	default:
		return nil, true
	}
	return nil, false
}

// devices returns what bootDevice and dataDevices return.
func (c *Cloud) devices(q *request, b createBody) (boot *blockDevice, data []blockDevice, ok bool) {
	if boot, ok = c.bootDevice(q, b); ok {
		data, ok = c.dataDevices(q, b)
	}
	return boot, data, ok
}

// dataDevices returns the devices of a server that are volumes which exist; it writes
// the answer itself if one of them can't be attached.
func (c *Cloud) dataDevices(q *request, b createBody) ([]blockDevice, bool) {
	var out []blockDevice
	for _, d := range b.BlockDevices {
		if d.SourceType != "volume" {
			continue
		}
		v := c.volume(d.UUID)
		if v == nil {
			badRequest(q, "Volume %s could not be found.", d.UUID)
			return nil, false
		}
		switch status := c.volumeStatus(v, q.now); {
		case v.multiattach && q.mv < 60:
			badRequest(q, "Multiattach volumes are only supported starting with compute API version 2.60.")
			return nil, false
		case status != volumeAvailable && status != "downloading":
			badRequest(q, "Invalid volume: Invalid input received: Invalid volume: Volume %s status must be available or downloading to reserve, "+
				"but the current status is %s. (HTTP 400) (Request-ID: req-%s)", v.id, status, newUUID())
			return nil, false
		}
		out = append(out, d)
	}
	return out, true
}

// attachVolumes makes and reserves the volumes of a server that begins to build.
func (c *Cloud) attachVolumes(s *server) {
	for _, d := range s.data {
		if v := c.volume(d.UUID); v != nil {
			v.server, v.attachment, v.deleteWithServer = s.id, newUUID(), d.Delete
		}
	}
	d := s.boot
	if d == nil {
		return
	}
	if !c.o.BlockStorage {
		s.willFail = &serverFault{code: http.StatusInternalServerError, message: "Build of instance " + s.id + " aborted: publicURL endpoint for volumev3 service not found"}
		return
	}
	c.volumes = append(c.volumes, &volume{
		id: newUUID(), kind: d.Type, image: d.UUID, server: s.id, attachment: newUUID(), size: d.Size, deleteWithServer: d.Delete, created: s.created,
	})
}

// dropVolumes deletes or detaches the volumes of a server that is deleted.
func (c *Cloud) dropVolumes(s *server) {
	c.volumes = slices.DeleteFunc(c.volumes, func(v *volume) bool { return v.server == s.id && v.deleteWithServer })
	for _, v := range c.volumes {
		if v.server == s.id {
			v.server, v.attachment, v.freeAt = "", "", s.goneAt.Add(c.o.DetachDelay)
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
	ID, Name, Type, Image string
	Status                string
	Server                string // ID; "" when it outlived its server
	Size                  int
}

// Volumes returns the volumes that there are.
func (c *Cloud) Volumes() []Volume {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.settle(now)
	var out []Volume
	for _, v := range c.volumes {
		out = append(out, Volume{ID: v.id, Name: v.name, Type: v.kind, Image: v.image, Status: c.volumeStatus(v, now), Server: v.server, Size: v.size})
	}
	return out
}

// AddVolume makes an empty volume of 1 GiB behind the client's back, and returns its ID.
func (c *Cloud) AddVolume(name string, multiattach bool) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := &volume{id: newUUID(), name: name, size: 1, multiattach: multiattach, created: time.Now()}
	c.volumes = append(c.volumes, v)
	return v.id
}

// SetVolumeStatus gives a volume another status behind the client's back, for instance
// error; "" follows the servers again.
func (c *Cloud) SetVolumeStatus(id, status string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v := c.volume(id); v != nil {
		v.status = status
	}
}

// AttachVolume has a server have the volume behind the client's back.
func (c *Cloud) AttachVolume(id, server string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if v := c.volume(id); v != nil {
		v.server, v.attachment, v.deleteWithServer = server, newUUID(), false
	}
}
