package architecture_test

import (
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const (
	ours        = "github.com/vmcluster/terraform-provider-vmcluster"
	gophercloud = "github.com/gophercloud"
	plugin      = "github.com/hashicorp/terraform-plugin"
	oldSDK      = "github.com/hashicorp/terraform-plugin-sdk"
	hclog       = "github.com/hashicorp/go-hclog"
)

// A rule holds in the folders named by in, less those named by except. A folder
// name covers what is below it; "." is the root package alone, "..." is all. A rule
// holds for all that a file reaches: its imports, those of our packages among them,
// and so on. Imports of other modules' packages are not followed.
type rule struct {
	name    string
	in      []string
	except  []string
	deny    []string // import paths, with what is below them
	only    []string // where set: nothing but the standard library and these
	direct  bool     // holds for the files' own imports only
	tests   bool     // holds in test files too
	because string
}

var rules = []rule{
	{
		name: "the domain stands alone", in: []string{"internal/cluster"}, tests: true,
		only:    []string{ours + "/internal/cluster"},
		because: "its values cross every boundary",
	},
	{
		name: "keys and certificates know the standard library and x/crypto", in: []string{"internal/trust"}, tests: true,
		only:    []string{ours + "/internal/trust", "golang.org/x/crypto"},
		because: "what handles private keys must be small enough to read",
	},
	{
		name: "what others write is grouped by a keyed or cryptographic hash", in: []string{"..."},
		except:  []string{"internal/test"}, // Nova's fingerprints of keys are MD5
		deny:    []string{"hash/fnv", "hash/crc32", "hash/crc64", "hash/adler32", "crypto/md5"},
		direct:  true,
		because: "a user of the pool can choose texts with the same sum, so that one job is taken for another",
	},
	{
		name: "one package speaks OpenStack", in: []string{"..."},
		except:  []string{"internal/openstack", "internal/test/openstacktest"},
		deny:    []string{gophercloud},
		direct:  true,
		because: "microversions, paging and error shapes change in one place",
	},
	{
		name: "one package speaks Terraform's plugin protocol", in: []string{"..."},
		except:  []string{"internal/provider", "."},
		deny:    []string{plugin},
		direct:  true,
		because: "the rest is used by the scaler as well",
	},
	{
		name: "the OpenStack client knows none of its users", in: []string{"internal/openstack"},
		deny:    []string{plugin, ours + "/internal/provision", ours + "/internal/provider", ours + "/internal/cloudinit", ours + "/scaler"},
		because: "the consumer declares the interface",
	},
	{
		name: "provisioning knows neither client nor Terraform", in: []string{"internal/provision", "internal/batch", "internal/roster", "internal/plan"},
		deny:    []string{plugin, gophercloud, ours + "/internal/openstack", ours + "/internal/provider", ours + "/scaler"},
		because: "provider and scaler create through the same code",
	},
	{
		name: "the parts of provisioning do not know the whole", in: []string{"internal/batch", "internal/roster", "internal/plan"},
		deny:    []string{ours + "/internal/provision"},
		because: "provision puts them together",
	},
	{
		name: "what stays, comes and goes is decided by values", in: []string{"internal/plan"},
		only:    []string{ours + "/internal/cluster"},
		deny:    []string{"context", "net", "os"},
		because: "a plan is computed at plan time and again at apply time",
	},
	{
		name: "the document's store knows the domain alone", in: []string{"internal/roster"},
		only:    []string{ours + "/internal/cluster", ours + "/internal/wait"},
		because: "it needs of a cloud what one small interface says",
	},
	{
		name: "waiting and wording know nothing of what is waited for and worded", in: []string{"internal/wait", "internal/text"}, tests: true,
		only:    []string{ours + "/internal/text"},
		because: "every package may use them",
	},
	{
		name: "the node program stands alone", in: []string{"internal/node"},
		only:    []string{ours + "/internal/node"},
		because: "a node has Python and nothing else",
	},
	{
		name: "user data is rendered from domain words", in: []string{"internal/cloudinit"},
		deny:    []string{ours + "/internal/provision", ours + "/internal/openstack", ours + "/internal/provider", ours + "/scaler"},
		because: "a rendering is a function of its input",
	},
	{
		name: "the provider never imports the scaler", in: []string{"internal/provider", "."}, tests: true,
		deny:    []string{ours + "/scaler"},
		because: "they meet in internal/provision",
	},
	{
		name: "the scaler never imports the provider", in: []string{"scaler"}, tests: true,
		deny:    []string{ours + "/internal/provider"},
		because: "they meet in internal/provision",
	},
	{
		name: "demand and decision take no context and no stream",
		in:   []string{"scaler/internal/demand", "scaler/internal/decide"},
		deny: []string{"context", "io"}, direct: true,
		because: "they are functions of values",
	},
	{
		name: "demand and decision are functions of values",
		in:   []string{"scaler/internal/demand", "scaler/internal/decide"},
		deny: []string{
			"log", hclog, "net", "os", "os/exec", "math/rand", "math/rand/v2",
			ours + "/internal/openstack", ours + "/internal/provision",
		},
		because: "a decision can be replayed and tested as a table",
	},
	{
		name: "what shows the scaler's doings changes nothing",
		in:   []string{"scaler/internal/status", "scaler/internal/explain", "scaler/internal/journal", "scaler/internal/metrics", "scaler/internal/web", "scaler/internal/record", "scaler/internal/lease"},
		deny: []string{
			ours + "/internal/openstack", ours + "/internal/provision", ours + "/internal/cloudinit",
			ours + "/scaler/internal/actuate", ours + "/scaler/internal/terraform", ours + "/scaler/internal/command",
		},
		because: "a page that is open to others must not be able to act",
	},
	{
		name: "what a plan needs is compared without asking a cloud", in: []string{"internal/preflight/compare"},
		only:    []string{ours + "/internal/cluster"},
		deny:    []string{"context", "net", "os", "time"},
		because: "each row of its tests is a case of the policy",
	},
	{
		name: "no test double in a program", in: []string{"..."},
		except: []string{"internal/test", "scaler/internal/queue/queuetest", "scaler/internal/recordtest"},
		deny: []string{
			ours + "/internal/test", ours + "/scaler/internal/queue/queuetest", ours + "/scaler/internal/recordtest", "testing", "net/http/httptest",
		},
		because: "users get what is tested, not what tests it",
	},
	{
		name: "no old SDK", in: []string{"..."},
		deny:    []string{oldSDK, "github.com/gophercloud/gophercloud/openstack"},
		because: "terraform-plugin-framework and gophercloud v2 replaced them",
	},
}

func TestImports(t *testing.T) {
	files := goFiles(t)
	reached := graphOf(files)
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			said := map[string]bool{}
			for _, f := range files {
				if f.test && !r.tests || !covers(r.in, f.folder) || covers(r.except, f.folder) {
					continue
				}
				for _, way := range reached.offences(f, r) {
					end := f.folder + " " + way[len(way)-1]
					if said[end] {
						continue // one way of each package to each offence
					}
					said[end] = true
					t.Errorf("%s imports %s: %s (%s)", f.name, strings.Join(way, ", which imports "), r.name, r.because)
				}
			}
		})
	}
}

// graph holds what each of our packages imports in the files that ship, by folder.
type graph map[string][]string

func graphOf(files []goFile) graph {
	g := graph{}
	for _, f := range files {
		if !f.test {
			g[f.folder] = append(g[f.folder], f.imports...)
		}
	}
	return g
}

// offences returns a shortest way from the file to each import that the rule
// forbids. A way does not lead through a forbidden package.
func (g graph) offences(f goFile, r rule) [][]string {
	var found [][]string
	var ways [][]string
	for _, imported := range f.imports {
		ways = append(ways, []string{imported})
	}
	seen := map[string]bool{}
	for len(ways) > 0 {
		way := ways[0]
		ways = ways[1:]
		last := way[len(way)-1]
		if seen[last] {
			continue
		}
		seen[last] = true
		if !r.allows(last) {
			found = append(found, way)
			continue
		}
		folder, own := folderOf(last)
		if r.direct || !own {
			continue
		}
		for _, next := range g[folder] {
			ways = append(ways, append(slices.Clone(way), next))
		}
	}
	return found
}

// folderOf returns the folder of one of our packages.
func folderOf(imported string) (folder string, own bool) {
	if imported == ours {
		return ".", true
	}
	return strings.CutPrefix(imported, ours+"/")
}

// A rule sees through our own packages, and says by which way.
func TestARuleHoldsForWhatIsReached(t *testing.T) {
	g := graph{"a": {"os", ours + "/b"}, "b": {ours + "/c", ours + "/a"}, "c": {gophercloud + "/v2"}}
	f := goFile{folder: "a", imports: g["a"]}
	want := [][]string{{ours + "/b", ours + "/c", gophercloud + "/v2"}}
	if got := g.offences(f, rule{deny: []string{gophercloud}}); !reflect.DeepEqual(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
	if got := g.offences(f, rule{deny: []string{gophercloud}, direct: true}); got != nil {
		t.Errorf("a rule about the file's own imports found %v", got)
	}
	want = [][]string{{ours + "/b", ours + "/c"}}
	if got := g.offences(f, rule{only: []string{ours + "/a", ours + "/b"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
}

// A rule about a folder that is gone guards nothing.
func TestRulesNameFoldersThatExist(t *testing.T) {
	files := goFiles(t)
	for _, r := range rules {
		for _, folder := range slices.Concat(r.in, r.except) {
			found := false
			for _, f := range files {
				found = found || covers([]string{folder}, f.folder)
			}
			if !found {
				t.Errorf("rule %q names %s, where there is no Go file", r.name, folder)
			}
		}
	}
}

func (r rule) allows(imported string) bool {
	if r.only != nil {
		return standard(imported) || below(imported, r.only)
	}
	return !below(imported, r.deny)
}

// standard reports whether the import is of the standard library: its first element
// has no dot.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

func below(imported string, paths []string) bool {
	for _, p := range paths {
		if imported == p || strings.HasPrefix(imported, p+"/") || strings.HasSuffix(p, "terraform-plugin") && strings.HasPrefix(imported, p) {
			return true
		}
	}
	return false
}

func covers(folders []string, folder string) bool {
	for _, f := range folders {
		switch {
		case f == "...":
			return true
		case f == ".":
			if folder == "." {
				return true
			}
		case folder == f || strings.HasPrefix(folder, path.Clean(f)+"/"):
			return true
		}
	}
	return false
}
