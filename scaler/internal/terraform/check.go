package terraform

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// check returns an error for a plan that must not be applied. A good plan changes the
// cluster in place, deletes only the workers that leave, and makes no node anew that may
// have a job; elsewhere it deletes nothing. A person has to apply other changes of the
// configuration. changes reports whether the plan changes the cluster.
func check(plan *tfjson.Plan, address string, leave map[string]leaver) (changes bool, err error) {
	var ours *tfjson.ResourceChange
	for _, c := range plan.ResourceChanges {
		switch {
		case c == nil || c.Change == nil:
		case c.Address == address:
			ours = c
		case c.Change.Actions.Delete() || c.Change.Actions.Replace():
			return false, fmt.Errorf("%w: it would delete %s", ErrRefused, c.Address)
		}
	}
	if ours == nil {
		return false, nil
	}
	switch a := ours.Change.Actions; {
	case a.NoOp():
		return false, nil
	case a.Create():
		return false, fmt.Errorf("%w: %s is not in the state; apply it yourself first", ErrRefused, address)
	case !a.Update():
		return false, fmt.Errorf("%w: it would replace or delete %s", ErrRefused, address)
	}
	return true, checkNodes(ours.Change, leave)
}

func checkNodes(c *tfjson.Change, leave map[string]leaver) error {
	before, _ := attribute(c.Before, "nodes").(map[string]any)
	after, known := attribute(c.After, "nodes").(map[string]any)
	if !known {
		return fmt.Errorf("%w: it does not show which nodes there will be", ErrRefused)
	}
	var wrong []string
	spared := maps.Clone(leave)
	for _, name := range slices.SortedFunc(maps.Keys(before), cluster.CompareNames) {
		was, _ := before[name].(map[string]any)
		is, stays := after[name]
		l, leaves := leave[name]
		changed := !stays || was["id"] != nil && attribute(is, "id") != was["id"]
		switch {
		case leaves && changed && was["id"] != nil && was["id"] != l.server:
			return fmt.Errorf("%w: %w: %s is another server than the one that was to go", ErrRefused, errOvertaken, name)
		case leaves && changed: // gone, or made anew in the place of one that does not work
			delete(spared, name)
		case !stays && was["id"] == nil: // a server that could not be made
		case !stays:
			wrong = append(wrong, "remove "+name)
		case changed && !mayBeMadeAnew(was):
			wrong = append(wrong, "make "+name+" anew")
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	text := "it would " + strings.Join(wrong, ", ")
	if left := slices.SortedFunc(maps.Keys(spared), cluster.CompareNames); len(left) > 0 {
		text += " and not " + strings.Join(left, ", ") + "; does the configuration pass retire on?"
	}
	return fmt.Errorf("%w: %s", ErrRefused, text)
}

// mayBeMadeAnew reports whether nothing can run on the worker. One in ERROR may still
// work, as after a failed migration.
func mayBeMadeAnew(node map[string]any) bool {
	if node["role"] != string(cluster.RoleWorker) {
		return false
	}
	switch node["status"] {
	case "SHUTOFF", "DELETED", "SOFT_DELETED", "NOT_JOINED":
		return true
	}
	return false
}

func attribute(v any, name string) any {
	m, _ := v.(map[string]any)
	return m[name]
}
