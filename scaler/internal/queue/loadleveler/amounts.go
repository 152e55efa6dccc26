package loadleveler

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/scaler/internal/queue"
)

// mostAmount bounds a number that the tools print. Sums and products of a few such numbers
// do not overflow.
const mostAmount = 1 << 30

func bounded(n int) int { return max(0, min(n, mostAmount)) }

// product multiplies numbers up to the bound.
func product(a, b int) int {
	if a > 0 && b > mostAmount/a {
		return mostAmount
	}
	return bounded(a * b)
}

func quotient(n, by int) int { return (n + by - 1) / by }

// resource is one amount in a list of consumable resources.
type resource struct {
	name   string // in lower case
	amount string // "4", "4.000 gb"
}

// resourceInList matches "ConsumableMemory(4.000 gb)". Lists are written with and without
// spaces between the resources.
var resourceInList = regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_.]*)\s*\(([^()]*)\)`)

// mostResources bounds the resources in a list.
const mostResources = 50

func resourcesIn(list string) []resource {
	var out []resource
	for _, m := range resourceInList.FindAllStringSubmatch(list[:min(len(list), 8<<10)], mostResources) {
		out = append(out, resource{strings.ToLower(m[1]), strings.TrimSpace(m[2])})
	}
	return out
}

// Names of resources with a meaning of their own. GPUs are a resource that administrators
// define by any name; these are the usual ones.
const (
	cpus          = "consumablecpus"
	memory        = "consumablememory"
	virtualMemory = "consumablevirtualmemory" // no amount of a flavor; it is not compared
	largePages    = "consumablelargepagememory"
)

var gpuNames = map[string]bool{"gpu": true, "gpus": true, "consumablegpu": true, "consumablegpus": true}

// amountsOf returns the amounts of a list of resources, and those without a meaning of
// their own.
func amountsOf(list []resource) (s queue.Shape, others []resource) {
	for _, r := range list {
		switch {
		case r.name == cpus:
			s.Cpus = whole(r.amount)
		case r.name == memory:
			s.MemoryMiB = mib(r.amount)
		case gpuNames[r.name]:
			s.GPUs = whole(r.amount)
		case r.name != virtualMemory && r.name != largePages:
			others = append(others, r)
		}
	}
	return s, others
}

// units are LoadLeveler's units of memory in bytes; a word is 4 bytes.
var units = map[string]float64{
	"b": 1, "w": 4, "kb": 1 << 10, "kw": 4 << 10, "mb": 1 << 20, "mw": 4 << 20, "gb": 1 << 30, "gw": 4 << 30,
	"tb": 1 << 40, "tw": 4 << 40, "pb": 1 << 50, "pw": 4 << 50,
}

// mib reads an amount of memory in MiB: "4.000 gb", "1000 MB", "512"; a number without a
// unit is in MiB. What is none is 0.
func mib(text string) int {
	text = strings.ToLower(strings.TrimSpace(text))
	number := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyz ")
	unit := strings.TrimSpace(text[len(number):])
	factor, known := units[unit]
	if unit == "" {
		factor, known = 1<<20, true
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || !known || !(f > 0) {
		return 0
	}
	return int(math.Ceil(min(f*factor/(1<<20), mostAmount)))
}

// layouts are the forms of a time in llq -l and llstatus -l, without and with a time zone.
var layouts = []string{"Mon Jan _2 15:04:05 2006", "Mon Jan _2 15:04:05 MST 2006", "Mon _2 Jan 2006 15:04:05 MST"}

// moment reads a time; zero for what is none. Times are in UTC, see environment; one with
// another zone is not known.
func moment(text string) time.Time {
	for _, layout := range layouts {
		at, err := time.Parse(layout, text)
		zone, offset := at.Zone()
		if err == nil && offset == 0 && (zone == "UTC" || zone == "GMT" || zone == "UTC0") && at.Year() >= 1970 && at.Year() < 10_000 {
			return at.UTC()
		}
	}
	return time.Time{}
}

// earlier returns a time that is not in the future: the clocks of two machines differ.
func earlier(at, now time.Time) time.Time {
	if at.After(now) {
		return now
	}
	return at
}
