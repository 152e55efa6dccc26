package openstacktest

import (
	"net/http"
	"slices"
	"strings"
)

func showServer(c *Cloud, q *request, s *server) {
	q.reply(http.StatusOK, map[string]any{"server": c.serverView(q, s)})
}

// serverView is a server as the microversion asked for shows it.
func (c *Cloud) serverView(q *request, s *server) map[string]any {
	v := map[string]any{
		"id": s.id, "name": s.name, "status": s.status, "tenant_id": ProjectID, "user_id": UserID,
		"metadata": s.metadata, "hostId": s.hostID(), "image": s.imageView(q), "flavor": s.flavorView(q),
		"created": stamp(s.created), "updated": stamp(s.updated), "addresses": c.addresses(s),
		"accessIPv4": "", "accessIPv6": "", "links": q.computeLinks("servers", s.id),
		"OS-DCF:diskConfig": "MANUAL", "OS-EXT-AZ:availability_zone": s.shownZone(), "config_drive": "",
		"key_name": orNull(s.keyName), "OS-SRV-USG:launched_at": nil, "OS-SRV-USG:terminated_at": nil,
		"OS-EXT-STS:task_state": s.taskState(), "OS-EXT-STS:vm_state": s.vmState(), "OS-EXT-STS:power_state": 0,
		"os-extended-volumes:volumes_attached": c.volumesView(q, s),
	}
	if s.configDrive {
		v["config_drive"] = "True"
	}
	if !s.launched.IsZero() {
		v["OS-SRV-USG:launched_at"], v["OS-EXT-STS:power_state"] = micros(s.launched), 1
	}
	if s.fault != nil && (s.status == statusError || s.status == statusDeleted) {
		v["fault"] = map[string]any{"code": s.fault.code, "created": stamp(s.fault.at), "message": s.fault.message}
	} else {
		v["progress"] = 0
	}
	if s.networked && len(s.nics) > 0 && s.status != statusError { // Nova reads them from the ports
		v["security_groups"] = s.groupsView()
	}
	for _, add := range []struct {
		since int
		key   string
		value any
	}{
		{9, "locked", s.locked}, {73, "locked_reason", nil}, {19, "description", orNull(s.description)},
		{26, "tags", slices.Clone(s.tags)}, {63, "trusted_image_certificates", nil},
		{90, "OS-EXT-SRV-ATTR:hostname", s.name}, {71, "server_groups", s.groupIDs()},
	} {
		// A list has no server_groups (microversion 2.71).
		if q.mv >= add.since && (add.key != "server_groups" || q.PathValue("id") != "") {
			v[add.key] = add.value
		}
	}
	return v
}

func (s *server) groupIDs() []string {
	if s.group == nil {
		return []string{}
	}
	return []string{s.group.id}
}

func (s *server) groupsView() []map[string]string {
	var out []map[string]string
	for _, g := range s.groups {
		out = append(out, map[string]string{"name": g})
	}
	return out
}

func (s *server) imageView(q *request) any {
	if s.image == "" {
		return ""
	}
	return map[string]any{"id": s.image, "links": q.computeLinks("images", s.image)[1:]}
}

// From microversion 2.47 on the flavor is embedded, and its ID is not shown.
func (s *server) flavorView(q *request) any {
	if q.mv < 47 {
		return map[string]any{"id": s.flavor.ID, "links": q.computeLinks("flavors", s.flavor.ID)[1:]}
	}
	return map[string]any{
		"vcpus": s.flavor.VCPUs, "ram": s.flavor.RAM, "disk": s.flavor.Disk, "ephemeral": 0, "swap": 0,
		"original_name": s.flavor.Name, "extra_specs": map[string]string{},
	}
}

// A server that is being deleted is shown with the status it had before.
func (s *server) taskState() any {
	switch {
	case s.deleting && s.status != statusDeleted:
		return "deleting"
	case s.status == statusBuild && s.networked:
		return "spawning"
	case s.status == statusBuild:
		return "networking"
	}
	return nil
}

func (s *server) vmState() string {
	switch s.status {
	case statusBuild:
		return "building"
	case statusError:
		return "error"
	case statusDeleted:
		return "deleted"
	case "SHUTOFF":
		return "stopped"
	case "RESCUE":
		return "rescued"
	case "VERIFY_RESIZE":
		return "resized"
	case "PAUSED", "SUSPENDED", "SHELVED", "SHELVED_OFFLOADED":
		return strings.ToLower(s.status)
	}
	return "active"
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// addresses shows fixed addresses once the ports are there, and the floating
// ones that lead to them.
func (c *Cloud) addresses(s *server) map[string][]any {
	out := map[string][]any{}
	for _, p := range c.portsOf(s.id) {
		name := p.network.Name
		show := func(kind, address string) {
			out[name] = append(out[name], map[string]any{
				"version": 4, "addr": address, "OS-EXT-IPS:type": kind, "OS-EXT-IPS-MAC:mac_addr": p.mac,
			})
		}
		show("fixed", p.address.String())
		for _, f := range c.floating {
			if f.port == p && !c.o.HideFloating {
				show("floating", f.address.String())
			}
		}
	}
	return out
}
