package provision_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/provision"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/test/openstacktest"
)

// transportFunc is a way to the cloud.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// provisioner logs in through a transport of its own.
func (w *world) provisioner(through http.RoundTripper) *provision.Provisioner {
	w.t.Helper()
	client, err := openstack.New(w.bounded(), openstack.Config{
		AuthURL: w.cloud.AuthURL(), UserName: openstacktest.Username, Password: openstacktest.Password,
		UserDomainName: openstacktest.DomainName, TenantName: openstacktest.ProjectName,
		ProjectDomainName: openstacktest.DomainName, Region: openstacktest.Region,
		Getenv: func(string) string { return "" }, Transport: through, MaxConcurrency: 1,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return provision.New(client, provision.Options{Concurrency: 1})
}

// document returns the cluster document as it is in the cloud.
func (w *world) document() cluster.Document {
	w.t.Helper()
	fe, ok := w.cloud.Server("astro-frontend")
	if !ok {
		w.t.Fatal("there is no front-end")
	}
	d, err := cluster.DecodeDocument(fe.Metadata)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// A write of the document ends in a 503, and before it could be sent again another
// writer has marked another worker. Whether the first write was carried out or not:
// both marks stand in the end, and the generation counts both.
func TestAWriteOfUnknownOutcomeOverwritesNobody(t *testing.T) {
	for name, carriedOut := range map[string]bool{"carried out": true, "not carried out": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				changes[1].begin(w) // a cluster of one worker
				w.must(func(ctx context.Context, p *provision.Provisioner) error {
					_, err := p.Apply(ctx, wish(firstID, 2))
					return err
				})
				other, ref := provision.Steps{Provisioner: w.provisioner(w.cloud.Transport())}, cluster.Ref{ID: firstID, Name: "astro"}
				before, puts := w.document().Generation, 0
				p := provision.Steps{Provisioner: w.provisioner(transportFunc(func(r *http.Request) (*http.Response, error) {
					if r.Method != http.MethodPut || !strings.HasSuffix(r.URL.Path, "/metadata") {
						return w.cloud.Transport().RoundTrip(r)
					}
					if puts++; puts > 1 {
						return w.cloud.Transport().RoundTrip(r)
					}
					if carriedOut {
						if resp, err := w.cloud.Transport().RoundTrip(r); err != nil || resp.StatusCode != http.StatusOK {
							t.Errorf("the first write: %v, %v", resp, err)
						}
					}
					if err := other.SetLeaving(r.Context(), ref, map[string]cluster.Leaving{"astro-cpu-2": cluster.LeaveIdle}); err != nil {
						t.Error(err)
					}
					return &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
				}))}
				if err := p.SetLeaving(t.Context(), ref, map[string]cluster.Leaving{"astro-cpu-1": cluster.LeaveIdle}); err != nil {
					t.Fatal(err)
				}
				d := w.document()
				for _, name := range []string{"astro-cpu-1", "astro-cpu-2"} {
					if m, _ := d.Member(name); m.Leaving != cluster.LeaveIdle {
						t.Errorf("the mark of %s is lost", name)
					}
				}
				if d.Generation != before+2 {
					t.Errorf("the generation went from %d to %d, want two more", before, d.Generation)
				}
			})
		})
	}
}

// A cloud that answers nothing but 503 to the write is no conflict: the error keeps
// its words, and the document is as it was.
func TestAWriteThatNeverSucceedsIsTheCloudsFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		changes[1].begin(w)
		before := w.document()
		w.cloud.Fault(openstacktest.Fault{Method: http.MethodPut, Status: http.StatusServiceUnavailable, Times: -1})
		err := provision.Steps{Provisioner: w.provisioner(w.cloud.Transport())}.SetLeaving(t.Context(), cluster.Ref{ID: firstID}, map[string]cluster.Leaving{"astro-cpu-1": cluster.LeaveIdle})
		if !cluster.IsKind(err, cluster.FaultUnavailable) || !strings.Contains(err.Error(), "write the cluster document") {
			t.Errorf("error %v", err)
		}
		if after := w.document(); after.Generation != before.Generation || after.Workers[0].Leaving != cluster.Stays {
			t.Errorf("the document became %+v", after)
		}
	})
}
