package openstacktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
)

// createBody is the create call's server as far as this Nova acts on it.
type createBody struct {
	Name           string
	ImageRef       string
	FlavorRef      any    // a text or a number
	UserData       string `json:"user_data"`
	KeyName        string `json:"key_name"`
	Metadata       map[string]string
	Tags           []string
	Description    string
	Zone           string                  `json:"availability_zone"`
	ConfigDrive    any                     `json:"config_drive"`
	MinCount       any                     `json:"min_count"`
	MaxCount       any                     `json:"max_count"`
	SecurityGroups []struct{ Name string } `json:"security_groups"`
	BlockDevices   []blockDevice           `json:"block_device_mapping_v2"`
}

func createServer(c *Cloud, q *request) {
	raw, fields, ok := readCreate(q)
	if !ok || !c.checkCreate(q, raw, fields) {
		return
	}
	var b createBody
	if err := json.Unmarshal(raw, &b); err != nil {
		badRequest(q, "Invalid input: %s", err)
		return
	}
	nics, ok := c.readNICs(q, fields["networks"])
	if !ok {
		return
	}
	first, n, ok := c.resolveCreate(q, b, nics)
	if !ok {
		return
	}
	if first.group, ok = c.hintedGroup(q, n); !ok {
		return
	}
	first.nics = c.chooseNetworks(fields["networks"], nics)
	if !c.checkQuota(q, first, n) {
		return
	}
	made := c.add(first, n)
	c.lateQuota(made, q)
	c.settle(q.now)
	q.header.Set("Location", q.base+"/compute/v2.1/servers/"+made[0].id)
	q.reply(http.StatusAccepted, map[string]any{"server": map[string]any{
		"id": made[0].id, "links": q.computeLinks("servers", made[0].id), "OS-DCF:diskConfig": "MANUAL",
		"security_groups": made[0].groupsView(), "adminPass": randomHex(6),
	}})
}

func readCreate(q *request) (json.RawMessage, map[string]json.RawMessage, bool) {
	top, ok := decode(q.body)
	if !ok {
		badRequest(q, "Malformed request body")
		return nil, nil, false
	}
	raw, ok := top["server"]
	if !ok {
		badRequest(q, "'server' is a required property")
		return nil, nil, false
	}
	fields, ok := decode(raw)
	if !ok {
		invalidInput(q, "server", raw, pyRepr(raw)+" is not of type 'object'")
		return nil, nil, false
	}
	return raw, fields, true
}

// resolveCreate finds what the call names. It returns the first server and how
// many are wanted.
func (c *Cloud) resolveCreate(q *request, b createBody, nics []nic) (*server, int, bool) {
	minimum, maximum := count(b.MinCount), count(b.MaxCount)
	if b.MaxCount == nil {
		maximum = minimum
	}
	if minimum > maximum {
		badRequest(q, "min_count must be <= max_count")
		return nil, 0, false
	}
	if b.ImageRef == "" && len(b.BlockDevices) == 0 {
		badRequest(q, "Missing imageRef attribute")
		return nil, 0, false
	}
	if b.KeyName != "" && !slices.ContainsFunc(c.keyPairs, func(k KeyPair) bool { return k.Name == b.KeyName }) {
		badRequest(q, "Invalid key_name provided.")
		return nil, 0, false
	}
	image := c.image(b.ImageRef)
	if b.ImageRef != "" && image == nil {
		badRequest(q, "Can not find requested image")
		return nil, 0, false
	}
	flavorID := fmt.Sprint(b.FlavorRef)
	i := slices.IndexFunc(c.o.Flavors, func(f Flavor) bool { return f.ID == flavorID })
	if i < 0 {
		badRequest(q, "Flavor %s could not be found.", flavorID)
		return nil, 0, false
	}
	boot, data, ok := c.devices(q, b)
	if !ok || !fits(q, c.o.Flavors[i], image) || !c.groupsKnown(q, b) || !c.networksKnown(q, nics) || !c.zoneKnown(q, b.Zone) {
		return nil, 0, false
	}
	s := &server{
		name: b.Name, image: b.ImageRef, keyName: b.KeyName, description: b.Description, zone: b.Zone, boot: boot, data: data,
		flavor: c.o.Flavors[i], metadata: b.Metadata, userData: b.UserData, status: statusBuild, created: q.now, updated: q.now,
		configDrive: b.ConfigDrive == true || b.ConfigDrive == "True" || b.ConfigDrive == "true",
	}
	if s.metadata == nil {
		s.metadata = map[string]string{}
	}
	s.tags = slices.Compact(slices.Sorted(slices.Values(b.Tags)))
	for _, g := range b.SecurityGroups {
		s.groups = append(s.groups, g.Name)
	}
	if len(s.groups) == 0 {
		s.groups = []string{"default"}
	}
	return s, maximum, true
}

func count(v any) int {
	switch n := v.(type) {
	case float64:
		return int(n)
	case string:
		if i, err := strconv.Atoi(n); err == nil {
			return i
		}
	}
	return 1
}

func fits(q *request, f Flavor, image *Image) bool {
	switch {
	case image == nil:
		return true
	case image.Status != "" && image.Status != "active":
		badRequest(q, "Image %s is not active.", image.ID)
	case image.MinRAM > f.RAM:
		badRequest(q, "Flavor's memory is too small for requested image.")
	case image.MinDisk > f.Disk:
		badRequest(q, "Flavor's disk is smaller than the minimum size specified in image metadata. "+
			"Flavor disk is %d bytes, minimum size is %d bytes.", f.Disk<<30, image.MinDisk<<30)
	default:
		return true
	}
	return false
}

func (c *Cloud) groupsKnown(q *request, b createBody) bool {
	for _, wanted := range b.SecurityGroups {
		n := 0
		for _, g := range c.groups {
			if g.name == wanted.Name || g.id == wanted.Name {
				n++
			}
		}
		switch {
		case n == 0:
			badRequest(q, "Unable to find security_group with name or id '%s'", wanted.Name)
			return false
		case n > 1:
			computeError(q, http.StatusConflict, fmt.Sprintf("Multiple security groups found matching '%s'. Use an ID to be more specific.", wanted.Name))
			return false
		}
	}
	return true
}

// add makes n servers of one wish: one of its name, or numbered from 1.
func (c *Cloud) add(first *server, n int) []*server {
	var out []*server
	for i := range n {
		s := *first
		s.id = newUUID()
		s.metadata = map[string]string{}
		for k, v := range first.metadata {
			s.metadata[k] = v
		}
		if n > 1 {
			s.name = first.name + "-" + strconv.Itoa(i+1)
		}
		s.console = s.name + " login: \n"
		c.schedule(&s)
		c.servers = append(c.servers, &s)
		c.created++
		out = append(out, &s)
	}
	return out
}
