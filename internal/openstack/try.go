package openstack

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
)

// Check returns what is wrong with the settings of a login, as far as that can be seen
// without a request: no clouds.yaml entry of that name, no credentials, unreadable
// certificates.
func (c Config) Check() error {
	_, err := c.resolve()
	return err
}

// Answer is how a service answered a call that was tried.
type Answer struct {
	Date            time.Time // by the service's clock; zero: it names none
	CertificateEnds time.Time // of the service's TLS certificate; zero: there is none
}

// Try makes one call, by the method and path of an access rule: path begins with the
// endpoint's own. Its error is a CloudError whose kind says whether the call was refused.
func (s *services) Try(ctx context.Context, at Endpoint, method, path string, body any) (Answer, error) {
	for _, service := range []service{s.compute, s.network, s.volume} {
		own, err := endpointOf(service)
		if err != nil || own != at {
			continue
		}
		return on("try "+method+" "+path, service, func(sc *gophercloud.ServiceClient) (Answer, error) {
			return try(ctx, sc, method, sc.Endpoint+strings.TrimPrefix(path, at.Path+"/"), body)
		})
	}
	return Answer{}, notFound("find the "+at.Type+" service", "the catalog has none at %s", at.Path)
}

func try(ctx context.Context, sc *gophercloud.ServiceClient, method, url string, body any) (Answer, error) {
	options := &gophercloud.RequestOpts{OkCodes: []int{http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent}}
	if body != nil {
		options.JSONBody = body
	}
	resp, err := sc.Request(ctx, method, url, options)
	if err != nil {
		return Answer{}, err
	}
	_ = resp.Body.Close() // only the header counts
	var a Answer
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		a.Date = at
	}
	if resp.TLS != nil && len(resp.TLS.PeerCertificates) > 0 {
		a.CertificateEnds = resp.TLS.PeerCertificates[0].NotAfter
	}
	return a, nil
}

// Roles returns the names of the roles that the login has in the project, sorted.
func (s *services) Roles() []string { return slices.Sorted(slices.Values(s.roles)) }
