package openstacktest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

func networkError(q *request, status int, kind, message string) {
	q.reply(status, map[string]any{"NeutronError": map[string]string{"type": kind, "message": message, "detail": ""}})
}

// network2 lets a handler see only calls with a good token.
func network2(h handler) handler {
	return func(c *Cloud, q *request) {
		if !c.authorized(q) {
			q.header.Set("WWW-Authenticate", `Keystone uri="`+q.base+`/identity/"`)
			q.reply(http.StatusUnauthorized, map[string]any{"error": map[string]any{
				"code": http.StatusUnauthorized, "title": "Unauthorized", "message": authenticate,
			}})
			return
		}
		h(c, q)
	}
}

func networkVersions(_ *Cloud, q *request) {
	q.reply(http.StatusOK, map[string]any{"versions": []any{map[string]any{
		"id": "v2.0", "status": "CURRENT", "links": []link{{"self", q.base + "/network/v2.0/"}},
	}}})
}

// listRows is Neutron's list: every query key but those below is a filter on
// the field of that name, given twice it means "or"; fields chooses what is
// shown; limit and marker page.
func listRows(q *request, kind string, rows []map[string]any) {
	query := q.URL.Query()
	found := make([]map[string]any, 0, len(rows))
	for _, row := range rows {
		if rowMatches(row, query) {
			found = append(found, row)
		}
	}
	if marker := query.Get("marker"); marker != "" {
		i := slices.IndexFunc(found, func(r map[string]any) bool { return r["id"] == marker })
		found = found[i+1:]
	}
	answer := map[string]any{}
	if limit, err := strconv.Atoi(query.Get("limit")); err == nil && limit > 0 && len(found) >= limit {
		found = found[:limit]
		query.Set("marker", fmt.Sprint(found[limit-1]["id"]))
		answer[kind+"_links"] = []link{{"next", q.base + q.URL.Path + "?" + query.Encode()}}
	}
	if fields := query["fields"]; len(fields) > 0 {
		for i, row := range found {
			found[i] = map[string]any{}
			for _, f := range fields {
				if v, ok := row[f]; ok {
					found[i][f] = v
				}
			}
		}
	}
	answer[kind] = found
	q.reply(http.StatusOK, answer)
}

func rowMatches(row map[string]any, query url.Values) bool {
	for key, wanted := range query {
		switch key {
		case "fields", "limit", "marker", "sort_key", "sort_dir", "page_reverse":
			continue
		}
		v, ok := row[key]
		if !ok {
			continue
		}
		if v == nil {
			v = ""
		}
		if !slices.Contains(wanted, fmt.Sprint(v)) {
			return false
		}
	}
	return true
}

func (n *network) view() map[string]any {
	return map[string]any{
		"id": n.ID, "name": n.Name, "tenant_id": ProjectID, "project_id": ProjectID, "admin_state_up": true, "mtu": 1450,
		"status": "ACTIVE", "subnets": []string{n.subnetID}, "shared": false, "router:external": n.External,
		"availability_zones": []any{}, "availability_zone_hints": []any{}, "description": "", "port_security_enabled": true,
		"tags": []any{}, "created_at": stamp(n.created), "updated_at": stamp(n.created), "revision_number": 2,
	}
}

func listNetworks(c *Cloud, q *request) {
	var rows []map[string]any
	for _, n := range c.networks {
		rows = append(rows, n.view())
	}
	listRows(q, "networks", rows)
}

func showNetwork(c *Cloud, q *request) {
	id := q.PathValue("id")
	if n := c.network(id); n != nil {
		q.reply(http.StatusOK, map[string]any{"network": n.view()})
		return
	}
	networkError(q, http.StatusNotFound, "NetworkNotFound", "Network "+id+" could not be found.")
}

func (n *network) subnetView() map[string]any {
	last := n.gateway()
	for n.prefix.Contains(last.Next().Next()) {
		last = last.Next()
	}
	return map[string]any{
		"id": n.subnetID, "name": n.Name + "-subnet", "network_id": n.ID, "tenant_id": ProjectID, "project_id": ProjectID,
		"ip_version": 4, "enable_dhcp": !n.External, "cidr": n.CIDR, "gateway_ip": n.gateway().String(),
		"allocation_pools": []any{map[string]string{"start": n.gateway().Next().String(), "end": last.String()}},
		"dns_nameservers":  []any{}, "host_routes": []any{}, "description": "", "tags": []any{}, "service_types": []any{},
		"subnetpool_id": nil, "ipv6_ra_mode": nil, "ipv6_address_mode": nil, "revision_number": 0,
		"created_at": stamp(n.created), "updated_at": stamp(n.created),
	}
}

func listSubnets(c *Cloud, q *request) {
	var rows []map[string]any
	for _, n := range c.networks {
		if !n.External { // a project's user does not see them
			rows = append(rows, n.subnetView())
		}
	}
	listRows(q, "subnets", rows)
}

func showSubnet(c *Cloud, q *request) {
	id := q.PathValue("id")
	for _, n := range c.networks {
		if n.subnetID == id {
			q.reply(http.StatusOK, map[string]any{"subnet": n.subnetView()})
			return
		}
	}
	networkError(q, http.StatusNotFound, "SubnetNotFound", "Subnet "+id+" could not be found.")
}

func (g securityGroup) view() map[string]any {
	return map[string]any{
		"id": g.id, "name": g.name, "description": "", "tenant_id": ProjectID, "project_id": ProjectID, "stateful": true,
		"shared": false, "security_group_rules": []any{}, "tags": []any{},
	}
}

func listSecurityGroups(c *Cloud, q *request) {
	var rows []map[string]any
	for _, g := range c.groups {
		rows = append(rows, g.view())
	}
	listRows(q, "security_groups", rows)
}

func showSecurityGroup(c *Cloud, q *request) {
	id := q.PathValue("id")
	for _, g := range c.groups {
		if g.id == id {
			q.reply(http.StatusOK, map[string]any{"security_group": g.view()})
			return
		}
	}
	networkError(q, http.StatusNotFound, "SecurityGroupNotFound", "Security group "+id+" does not exist")
}

// listIPAvailabilities is an administrator's list: others see an empty one.
func listIPAvailabilities(_ *Cloud, q *request) {
	q.reply(http.StatusOK, map[string]any{"network_ip_availabilities": []any{}})
}

func showNetworkQuota(detail bool) handler {
	return func(c *Cloud, q *request) {
		quota := map[string]any{}
		for name, n := range map[string][2]int{
			"port": {c.o.Quota.Ports, len(c.ports)}, "floatingip": {c.o.Quota.FloatingIPs, len(c.floating)},
			"network": {0, len(c.networks)}, "subnet": {0, len(c.networks)}, "security_group": {0, len(c.groups)},
		} {
			limit := n[0]
			if limit == 0 {
				limit = -1
			}
			quota[name] = limit
			if detail {
				quota[name] = map[string]int{"limit": limit, "used": n[1], "reserved": 0}
			}
		}
		q.reply(http.StatusOK, map[string]any{"quota": quota})
	}
}
