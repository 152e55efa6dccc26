package openstacktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

type serverGroup struct {
	id, name, policy string
}

var serverGroupPolicies = []string{"anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity"}

func (c *Cloud) serverGroup(id string) *serverGroup {
	for _, g := range c.serverGroups {
		if g.id == id {
			return g
		}
	}
	return nil
}

// members are the servers of a group that are not deleted, in order of creation.
func (c *Cloud) members(g *serverGroup) []string {
	out := []string{}
	for _, s := range c.servers {
		if s.group == g && s.status != statusDeleted {
			out = append(out, s.id)
		}
	}
	return out
}

// groupAllows is the scheduler's filter for server groups. The soft policies are
// weights, not filters; choosing the host with the fewest servers is close enough.
func (c *Cloud) groupAllows(s *server, h host) bool {
	if s.group == nil {
		return true
	}
	elsewhere, here := false, false
	for _, other := range c.servers {
		if other != s && other.group == s.group && other.status != statusDeleted && other.onHost() {
			here = here || other.host == h
			elsewhere = elsewhere || other.host != h
		}
	}
	switch s.group.policy {
	case "anti-affinity":
		return !here
	case "affinity":
		return here || !elsewhere
	}
	return true
}

// Below 2.64 a server group has a list of policies and a set of metadata that is
// always empty.
func (c *Cloud) serverGroupView(q *request, g *serverGroup) map[string]any {
	v := map[string]any{"id": g.id, "name": g.name, "members": c.members(g)}
	if q.mv >= 13 {
		v["project_id"], v["user_id"] = ProjectID, UserID
	}
	if q.mv >= 64 {
		v["policy"], v["rules"] = g.policy, map[string]any{}
	} else {
		v["policies"], v["metadata"] = []string{g.policy}, map[string]any{}
	}
	return v
}

func listServerGroups(c *Cloud, q *request) {
	views := []any{}
	for _, g := range c.serverGroups {
		views = append(views, c.serverGroupView(q, g))
	}
	q.reply(http.StatusOK, map[string]any{"server_groups": views})
}

// ofServerGroup finds the server group that a call is about.
func ofServerGroup(h func(c *Cloud, q *request, g *serverGroup)) handler {
	return func(c *Cloud, q *request) {
		id := q.PathValue("id")
		g := c.serverGroup(id)
		if g == nil {
			computeError(q, http.StatusNotFound, "Instance group "+id+" could not be found.")
			return
		}
		h(c, q, g)
	}
}

func showServerGroup(c *Cloud, q *request, g *serverGroup) {
	q.reply(http.StatusOK, map[string]any{"server_group": c.serverGroupView(q, g)})
}

// deleteServerGroup deletes a group, with servers in it or not.
func deleteServerGroup(c *Cloud, q *request, g *serverGroup) {
	c.serverGroups = slices.DeleteFunc(c.serverGroups, func(x *serverGroup) bool { return x == g })
	for _, s := range c.servers {
		if s.group == g {
			s.group = nil
		}
	}
	q.empty(http.StatusNoContent)
}

func createServerGroup(c *Cloud, q *request) {
	top, _ := decode(q.body)
	raw, ok := top["server_group"]
	if !ok {
		badRequest(q, "Invalid input for field/attribute createServerGroup. Value: %s. 'server_group' is a required property", pyRepr(q.body))
		return
	}
	fields, _ := decode(raw)
	policyKey := "policies"
	if q.mv >= 64 {
		policyKey = "policy"
	}
	for _, key := range []string{"name", policyKey} {
		if _, ok := fields[key]; !ok {
			invalidInput(q, "server_group", raw, pyString(key)+" is a required property")
			return
		}
	}
	var b struct {
		Name, Policy string
		Policies     []string
	}
	if err := json.Unmarshal(raw, &b); err != nil {
		invalidInput(q, policyKey, fields[policyKey], pyRepr(fields[policyKey])+" is not of type 'string'")
		return
	}
	if len(b.Policies) > 0 {
		b.Policy = b.Policies[0]
	}
	if !checkName(q, fields["name"]) {
		return
	}
	if !slices.Contains(serverGroupPolicies, b.Policy) {
		invalidInput(q, policyKey, fields[policyKey], pyRepr(fields[policyKey])+" is not one of ['anti-affinity', 'affinity', 'soft-anti-affinity', 'soft-affinity']")
		return
	}
	if most := c.o.Quota.ServerGroups; most > 0 && len(c.serverGroups) >= most {
		computeError(q, http.StatusForbidden, "Quota exceeded, too many server groups.")
		return
	}
	g := &serverGroup{id: newUUID(), name: b.Name, policy: b.Policy}
	c.serverGroups = append(c.serverGroups, g)
	q.reply(http.StatusOK, map[string]any{"server_group": c.serverGroupView(q, g)})
}

// hintedGroup reads the create call's scheduler hints; it writes the answer itself if the
// group is not there or full.
func (c *Cloud) hintedGroup(q *request, servers int) (*serverGroup, bool) {
	top, _ := decode(q.body)
	raw, ok := top["os:scheduler_hints"]
	if !ok {
		raw, ok = top["OS-SCH-HNT:scheduler_hints"]
	}
	var b struct{ Group string }
	if !ok || json.Unmarshal(raw, &b) != nil || b.Group == "" {
		return nil, true
	}
	g := c.serverGroup(b.Group)
	if g == nil {
		badRequest(q, "Instance group %s could not be found.", b.Group)
		return nil, false
	}
	if most := c.o.Quota.ServerGroupMembers; most > 0 && len(c.members(g))+servers > most {
		computeError(q, http.StatusForbidden, "Quota exceeded, too many servers in group")
		return nil, false
	}
	return g, true
}

// ServerGroups returns the server groups as "name policy members".
func (c *Cloud) ServerGroups() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for _, g := range c.serverGroups {
		out = append(out, fmt.Sprintf("%s %s %d", g.name, g.policy, len(c.members(g))))
	}
	slices.Sort(out)
	return out
}
