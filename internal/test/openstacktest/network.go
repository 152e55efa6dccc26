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

// hasAddress reports whether a port has one of the addresses of a filter, which are
// written as in ip_address=10.0.0.1.
func hasAddress(fixedIPs any, wanted []string) bool {
	list, _ := fixedIPs.([]any)
	return slices.ContainsFunc(list, func(ip any) bool {
		entry, _ := ip.(map[string]any)
		return slices.Contains(wanted, fmt.Sprint("ip_address=", entry["ip_address"]))
	})
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
		if key == "fixed_ips" {
			if !hasAddress(v, wanted) {
				return false
			}
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

// shelf is all objects of one kind in Neutron.
type shelf struct {
	one, many string
	rows      func(*Cloud) []map[string]any
	missing   string // Neutron's name of the fault
	say       string // its words, with the ID in it
}

var (
	networks = shelf{"network", "networks", func(c *Cloud) []map[string]any { return views(c.networks, (*network).view) },
		"NetworkNotFound", "Network %s could not be found."}
	subnets = shelf{"subnet", "subnets", (*Cloud).subnets, "SubnetNotFound", "Subnet %s could not be found."}
	ports   = shelf{"port", "ports", func(c *Cloud) []map[string]any { return views(c.ports, (*port).view) },
		"PortNotFound", "Port %s could not be found."}
	securityGroups = shelf{"security_group", "security_groups", func(c *Cloud) []map[string]any { return views(c.groups, securityGroup.view) },
		"SecurityGroupNotFound", "Security group %s does not exist"}
)

func (k shelf) list(c *Cloud, q *request) { listRows(q, k.many, k.rows(c)) }

func (k shelf) show(c *Cloud, q *request) {
	id := q.PathValue("id")
	rows := k.rows(c)
	if i := slices.IndexFunc(rows, func(r map[string]any) bool { return r["id"] == id }); i >= 0 {
		q.reply(http.StatusOK, map[string]any{k.one: rows[i]})
		return
	}
	networkError(q, http.StatusNotFound, k.missing, fmt.Sprintf(k.say, id))
}

func views[T any](things []T, view func(T) map[string]any) []map[string]any {
	rows := make([]map[string]any, 0, len(things))
	for _, t := range things {
		rows = append(rows, view(t))
	}
	return rows
}

// subnets are those that a project's user sees: an external network's are not among them.
func (c *Cloud) subnets() []map[string]any {
	inner := slices.DeleteFunc(slices.Clone(c.networks), func(n *network) bool { return n.External })
	return views(inner, (*network).subnetView)
}

func (n *network) view() map[string]any {
	return map[string]any{
		"id": n.ID, "name": n.Name, "tenant_id": ProjectID, "project_id": ProjectID, "admin_state_up": true, "mtu": 1450,
		"status": "ACTIVE", "subnets": []string{n.subnetID}, "shared": false, "router:external": n.External,
		"availability_zones": []any{}, "availability_zone_hints": []any{}, "description": "", "port_security_enabled": true,
		"tags": []any{}, "created_at": stamp(n.created), "updated_at": stamp(n.created), "revision_number": 2,
	}
}

func (n *network) subnetView() map[string]any {
	return map[string]any{
		"id": n.subnetID, "name": n.Name + "-subnet", "network_id": n.ID, "tenant_id": ProjectID, "project_id": ProjectID,
		"ip_version": 4, "enable_dhcp": !n.External, "cidr": n.CIDR, "gateway_ip": n.gateway().String(),
		"allocation_pools": []any{map[string]string{"start": n.gateway().Next().String(), "end": n.lastOfPool().String()}},
		"dns_nameservers":  []any{}, "host_routes": []any{}, "description": "", "tags": []any{}, "service_types": []any{},
		"subnetpool_id": nil, "ipv6_ra_mode": nil, "ipv6_address_mode": nil, "revision_number": 0,
		"created_at": stamp(n.created), "updated_at": stamp(n.created),
	}
}

func (g securityGroup) view() map[string]any {
	return map[string]any{
		"id": g.id, "name": g.name, "description": "", "tenant_id": ProjectID, "project_id": ProjectID, "stateful": true,
		"shared": false, "security_group_rules": []any{}, "tags": []any{},
	}
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
