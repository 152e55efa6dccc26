package openstack

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

func TestFault(t *testing.T) {
	says := func(status int, body string, header ...string) error {
		headers := http.Header{}
		for i := 0; i+1 < len(header); i += 2 {
			headers.Set(header[i], header[i+1])
		}
		return gophercloud.ErrUnexpectedResponseCode{Actual: status, Body: []byte(body), ResponseHeader: headers}
	}
	connection := func(err error) error { return &url.Error{Op: "Post", URL: "http://nova/servers", Err: err} }
	var shape []string
	tests := map[string]struct {
		err     error
		kind    cluster.FaultKind
		code    int
		message string
	}{
		"Nova's quota": {says(403, `{"forbidden": {"code": 403, "message": "Quota exceeded for cores: Requested 4, but already used 18 of 20 cores"}}`),
			cluster.FaultQuota, 403, "Quota exceeded for cores: Requested 4, but already used 18 of 20 cores"},
		"Nova's port quota": {says(403, `{"forbidden": {"code": 403, "message": "Maximum number of ports exceeded"}}`),
			cluster.FaultQuota, 403, "Maximum number of ports exceeded"},
		"Neutron's quota is a 409": {says(409, `{"NeutronError": {"type": "OverQuota", "message": "Quota exceeded for resources: ['floatingip'].", "detail": ""}}`),
			cluster.FaultQuota, 409, "Quota exceeded for resources: ['floatingip']."},
		"a full subnet": {says(409, `{"NeutronError": {"type": "IpAddressGenerationFailure", "message": "No more IP addresses available on network n1.", "detail": ""}}`),
			cluster.FaultNetwork, 409, "No more IP addresses available on network n1."},
		"policy": {says(403, `{"forbidden": {"code": 403, "message": "Policy doesn't allow os_compute_api:os-used-limits to be performed."}}`),
			cluster.FaultForbidden, 403, "Policy doesn't allow os_compute_api:os-used-limits to be performed."},
		"Nova's bad request": {says(400, `{"badRequest": {"code": 400, "message": "Can not find requested image"}}`),
			cluster.FaultBadRequest, 400, "Can not find requested image"},
		"not found": {says(404, `{"itemNotFound": {"code": 404, "message": "Instance i1 could not be found."}}`),
			cluster.FaultNotFound, 404, "Instance i1 could not be found."},
		"conflict": {says(409, `{"conflictingRequest": {"code": 409, "message": "Cannot 'delete' instance i1 while it is in vm_state building"}}`),
			cluster.FaultConflict, 409, "Cannot 'delete' instance i1 while it is in vm_state building"},
		"Keystone": {says(401, `{"error": {"code": 401, "message": "The request you have made requires authentication.", "title": "Unauthorized"}}`),
			cluster.FaultAuth, 401, "The request you have made requires authentication."},
		"no host": {says(500, `{"computeFault": {"code": 500, "message": "No valid host was found. There are not enough hosts available."}}`),
			cluster.FaultNoHost, 500, "No valid host was found. There are not enough hosts available."},
		"later":            {says(429, `Too Many Requests`), cluster.FaultRateLimited, 429, "Too Many Requests"},
		"later, Nova's":    {says(413, `{"overLimit": {"code": 413, "message": "Slow down"}}`, "Retry-After", "5"), cluster.FaultRateLimited, 413, "Slow down"},
		"too large":        {says(413, ``), cluster.FaultBadRequest, 413, "Request Entity Too Large"},
		"in trouble":       {says(503, `{"message": "The server is currently unavailable."}`), cluster.FaultUnavailable, 503, "The server is currently unavailable."},
		"with request ID":  {says(500, `{"computeFault": {"message": "Unexpected API Error."}}`, "X-Openstack-Request-Id", "req-1"), cluster.FaultUnavailable, 500, "Unexpected API Error. [req-1]"},
		"not implemented":  {says(501, ``), cluster.FaultOther, 501, "Not Implemented"},
		"Glance's page":    {says(404, "<html>\n <head><title>404</title></head>\n <body><h1>404 Not Found</h1>No image found &amp; more</body></html>"), cluster.FaultNotFound, 404, "404 Not Found No image found & more"},
		"Placement's list": {says(400, `{"errors": [{"status": 400, "title": "Bad Request", "detail": "JSON does not validate"}]}`), cluster.FaultBadRequest, 400, "JSON does not validate"},
		"after a new login": {&gophercloud.ErrErrorAfterReauthentication{ErrOriginal: says(404, `{"itemNotFound": {"message": "gone"}}`)},
			cluster.FaultNotFound, 404, "gone"},
		"no new login": {&gophercloud.ErrUnableToReauthenticate{ErrOriginal: says(401, ``), ErrReauth: says(401, `{"error": {"message": "expired"}}`)},
			cluster.FaultAuth, 401, "the token was no longer accepted, and logging in again failed: expired"},

		"broken connection":           {connection(io.EOF), cluster.FaultUnavailable, 0, "nova ended the connection without a whole answer"},
		"untrusted certificate":       {connection(&tls.CertificateVerificationError{Err: errors.New("unknown authority")}), cluster.FaultOther, 0, "the certificate of nova can't be verified: unknown authority"},
		"timeout":                     {connection(context.DeadlineExceeded), cluster.FaultUnavailable, 0, "no answer within the time allowed"},
		"interrupted":                 {connection(context.Canceled), cluster.FaultUnavailable, 0, "interrupted before the answer came"},
		"a proxy's page":              {json.Unmarshal([]byte("<html>"), &shape), cluster.FaultUnavailable, 0, "the answer is no whole JSON"},
		"an answer of another form":   {json.Unmarshal([]byte(`"x"`), &shape), cluster.FaultUnavailable, 0, "the answer has not the form that the API gives: a JSON string stands where something else belongs"},
		"words that a terminal obeys": {says(409, `{"conflictingRequest": {"message": "busy\u001b[2J\u0007\nnow"}}`), cluster.FaultConflict, 409, "busy[2J now"},
		"a proxy without a name":      {connection(&net.OpError{Op: "proxyconnect", Net: "tcp", Err: &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "proxy", IsNotFound: true}}}), cluster.FaultOther, 0, "the proxy can't be reached: dial: lookup proxy: no such host"},
		"our own mistake":             {errors.New("missing input"), cluster.FaultOther, 0, "missing input"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := fault("create server astro-cpu-1", test.err)
			var ce *cluster.CloudError
			if !errors.As(err, &ce) {
				t.Fatalf("error is %v", err)
			}
			if ce.Kind != test.kind || ce.Code != test.code || ce.Message != test.message || ce.Op != "create server astro-cpu-1" {
				t.Errorf("error is %s, kind %s; want %q, kind %s", err, ce.Kind, test.message, test.kind)
			}
		})
	}
	if fault("anything", nil) != nil {
		t.Error("no error became one")
	}
}
