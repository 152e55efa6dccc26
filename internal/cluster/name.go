package cluster

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Limits of names. A node's name is its host name (a DNS label, RFC 1123: 63
// octets): cluster, group and a number of five digits fit it together, and
// "vmcluster-name:<cluster>" fits a Nova tag of 60 characters.
const (
	MaxNodeName    = 63
	MaxClusterName = 36
	MaxGroupName   = 20
)

var label = regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)

// CheckClusterName returns why name can't name a cluster, or nil.
func CheckClusterName(name string) error { return checkLabel("cluster name", name, MaxClusterName) }

// CheckGroupName returns why name can't name a worker group, or nil.
func CheckGroupName(name string) error {
	if name == FrontEndGroup {
		return fmt.Errorf("group name %q is the front-end's own", name)
	}
	return checkLabel("group name", name, MaxGroupName)
}

func checkLabel(what, name string, most int) error {
	if len(name) > most {
		return fmt.Errorf("%s %q has %d characters; at most %d are allowed", what, name, len(name), most)
	}
	if !label.MatchString(name) {
		return fmt.Errorf("%s %+q is not a DNS label: lower-case letters, digits and inner hyphens, a letter first%s", what, name, ForeignCharacter(name))
	}
	return nil
}

// ForeignCharacter names the first character of a text that is no plain one, which may look like
// a plain one; "" where there is none.
func ForeignCharacter(text string) string {
	for _, r := range text {
		if r > 127 {
			return fmt.Sprintf("; it holds the character %q (%U)", r, r)
		}
	}
	return ""
}

var hostName = regexp.MustCompile(`^[a-zA-Z0-9_]([-a-zA-Z0-9_]{0,61}[a-zA-Z0-9_])?(\.[a-zA-Z0-9_]([-a-zA-Z0-9_]{0,61}[a-zA-Z0-9_])?)*$`)

// CheckHostName returns why name can't be a machine's name in /etc/hosts, or nil. It
// takes names with dots and, as resolvers do, underscores.
func CheckHostName(name string) error {
	if len(name) > 253 || !hostName.MatchString(name) {
		return fmt.Errorf("not a host name: letters, digits, dots and inner hyphens, at most 63 characters between dots and 253 in all%s", ForeignCharacter(name))
	}
	return nil
}

// DefaultLoginUser returns the login user of a cluster that names none: the
// cluster's name, cut to the 32 characters that a user name may have.
func DefaultLoginUser(clusterName string) string {
	return strings.TrimRight(clusterName[:min(len(clusterName), 32)], "-")
}

// FrontEndName returns the front-end's node name.
func FrontEndName(cluster string) string { return cluster + "-" + FrontEndGroup }

// WorkerName returns the name of a group's n-th worker; n starts at 1.
func WorkerName(cluster, group string, n int) string {
	return cluster + "-" + group + "-" + strconv.Itoa(n)
}

// GroupOf returns the worker group in a node's name: the reverse of WorkerName. It
// is "" for a name that WorkerName does not return for that cluster, such as the
// front-end's or one whose number begins with a zero.
func GroupOf(cluster, name string) string {
	rest, ok := strings.CutPrefix(name, cluster+"-")
	group, n := splitNumber(rest)
	if !ok || group == "" || n < 1 || name != WorkerName(cluster, group, n) {
		return ""
	}
	return group
}

// NextNames returns n worker names of a group, the lowest free numbers first. Names
// in taken are not free.
func NextNames(cluster, group string, n int, taken []string) []string {
	used := make(map[string]bool, len(taken))
	for _, t := range taken {
		used[t] = true
	}
	out := make([]string, 0, max(n, 0))
	for i := 1; len(out) < n; i++ {
		if name := WorkerName(cluster, group, i); !used[name] {
			out = append(out, name)
		}
	}
	return out
}

// SortNames puts node names in order, see CompareNames.
func SortNames(names []string) { slices.SortFunc(names, CompareNames) }

// CompareNames orders node names by their text, the number at the end as a number.
func CompareNames(a, b string) int {
	ap, an := splitNumber(a)
	bp, bn := splitNumber(b)
	return cmp.Or(strings.Compare(ap, bp), cmp.Compare(an, bn), strings.Compare(a, b))
}

func splitNumber(name string) (string, int) {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return name, -1
	}
	n, err := strconv.Atoi(name[i+1:])
	if err != nil {
		return name, -1
	}
	return name[:i], n
}

// FoldNames writes worker names of one cluster in short: the cluster's prefix
// left out and runs of numbers folded, as in "cpu[1-3,7],gpu[1]". Names that do
// not belong to the cluster are left out. The node program writes the same form.
func FoldNames(cluster string, names []string) string {
	groups := map[string][]int{}
	for _, name := range names {
		rest, ok := strings.CutPrefix(name, cluster+"-")
		if !ok {
			continue
		}
		if group, n := splitNumber(rest); n > 0 {
			groups[group] = append(groups[group], n)
		}
	}
	var parts []string
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		parts = append(parts, group+"["+foldNumbers(groups[group])+"]")
	}
	return strings.Join(parts, ",")
}

func foldNumbers(ns []int) string {
	slices.Sort(ns)
	ns = slices.Compact(ns)
	var runs []string
	for i := 0; i < len(ns); {
		j := i
		for j+1 < len(ns) && ns[j+1] == ns[j]+1 {
			j++
		}
		if j == i {
			runs = append(runs, strconv.Itoa(ns[i]))
		} else {
			runs = append(runs, fmt.Sprintf("%d-%d", ns[i], ns[j]))
		}
		i = j + 1
	}
	return strings.Join(runs, ",")
}

var folded = regexp.MustCompile(`([-a-z0-9]+)\[([-0-9,]+)\]`)

// MaxFolded bounds the names that UnfoldNames returns: more than a document can hold.
const MaxFolded = 100_000

// maxNumber bounds the numbers in folded names. No name of a node has a larger one.
const maxNumber = 10_000_000

// UnfoldNames is the reverse of FoldNames. A text that stands for more than MaxFolded
// names is an error.
func UnfoldNames(cluster, text string) ([]string, error) {
	var out []string
	rest := text
	for rest != "" {
		m := folded.FindStringSubmatchIndex(rest)
		if m == nil || m[0] != 0 {
			return nil, fmt.Errorf("read folded names %q: expected group[numbers] at %q", text, rest)
		}
		group, numbers := rest[m[2]:m[3]], rest[m[4]:m[5]]
		rest = strings.TrimPrefix(rest[m[1]:], ",")
		for run := range strings.SplitSeq(numbers, ",") {
			first, last, isRun := strings.Cut(run, "-")
			if !isRun {
				last = first
			}
			a, errA := strconv.Atoi(first)
			b, errB := strconv.Atoi(last)
			if errA != nil || errB != nil || a < 1 || b < a || b > maxNumber || b-a >= MaxFolded-len(out) {
				return nil, fmt.Errorf("read folded names %q: %q is not a run of numbers, or there are too many", text, run)
			}
			for n := a; n <= b; n++ {
				out = append(out, WorkerName(cluster, group, n))
			}
		}
	}
	return out, nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
