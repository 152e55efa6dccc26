package openstack

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack/transport"
)

// explanation is why no answer of an API came, for people. message says what was met,
// help what to change. They do not name how the request was made.
type explanation struct{ message, help string }

// where is the place that a request went to, as far as an explanation needs it.
type where struct {
	host    string // with its port, if it was written
	setting string // what names the host, as in "auth_url (or OS_AUTH_URL)"
	login   bool
}

// catalogSetting is what to look at when an address of the catalog is the wrong one.
var catalogSetting = howToSet("endpoint_type") + " and " + howToSet("region")

// wrongHost returns what to do about an address that can't be the right one.
func (w where) wrongHost() string {
	if w.login {
		return "Check host and port in " + w.setting + "."
	}
	return "The cloud's catalog names this address, perhaps for another network than this machine's: check " + w.setting + "."
}

// explain returns the explanation of an error that came in place of an answer; false
// for an error of another kind.
func explain(err error, w where) (explanation, bool) {
	for _, why := range []func(error, where) (explanation, bool){explainProxy, explainName, explainCertificate, explainProtocol, explainSilence, explainRefusal, explainAnswer} {
		if found, ok := why(err, w); ok {
			return found, true
		}
	}
	return explanation{}, false
}

// explainProxy comes first: what is wrong with a proxy, such as its name, is not wrong
// with the cloud's address.
func explainProxy(err error, _ where) (explanation, bool) {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "proxyconnect" {
		return explanation{}, false
	}
	return explanation{"the proxy can't be reached: " + clean(op.Err.Error()), "Check the variables HTTPS_PROXY, HTTP_PROXY and NO_PROXY."}, true
}

func explainName(err error, w where) (explanation, bool) {
	var dns *net.DNSError
	if !errors.As(err, &dns) {
		return explanation{}, false
	}
	if dns.IsNotFound {
		return explanation{fmt.Sprintf("no host has the name %q", clean(dns.Name)), w.wrongHost() + " A name that only a VPN's DNS knows needs the VPN."}, true
	}
	return explanation{fmt.Sprintf("the name %q can't be looked up: %s", clean(dns.Name), clean(dns.Err)), "Look at this machine's DNS and network. " + w.wrongHost()}, true
}

func explainCertificate(err error, w where) (explanation, bool) {
	var failed *tls.CertificateVerificationError
	if !errors.As(err, &failed) {
		return explanation{}, false
	}
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var name x509.HostnameError
	ca := "Set " + howToSet("cacert_file") + " to the file with the certificate of the cloud's CA."
	switch {
	case errors.As(err, &name):
		return explanation{fmt.Sprintf("the certificate of %s is for another name: %s", w.host, clean(strings.TrimPrefix(name.Error(), "x509: "))),
			"Write a name that the certificate has into " + w.setting + "."}, true
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return explanation{fmt.Sprintf("the certificate of %s is not valid now: %s", w.host, clean(invalid.Detail)),
			"The cloud's operators have to renew it, unless this machine's clock is wrong."}, true
	case errors.As(err, &unknown):
		return explanation{fmt.Sprintf("the certificate of %s is signed by a CA that is not trusted here%s", w.host, issuer(failed)), ca}, true
	}
	return explanation{fmt.Sprintf("the certificate of %s can't be verified: %s", w.host, clean(strings.TrimPrefix(failed.Err.Error(), "x509: "))), ca}, true
}

// issuer returns the signer of a certificate that was not accepted, in parentheses.
func issuer(failed *tls.CertificateVerificationError) string {
	if len(failed.UnverifiedCertificates) == 0 {
		return ""
	}
	name := clean(failed.UnverifiedCertificates[len(failed.UnverifiedCertificates)-1].Issuer.String())
	if name == "" {
		return ""
	}
	return " (" + name + ")"
}

func explainProtocol(err error, w where) (explanation, bool) {
	var header tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &header):
		return explanation{w.host + " does not speak TLS", "Write http:// in place of https:// into " + w.setting + ", or the port at which it speaks TLS."}, true
	case errors.As(err, &op) && strings.HasSuffix(op.Op, " error"): // "remote error", "local error": a TLS alert
		return explanation{w.host + " and this program do not agree on TLS: " + clean(op.Err.Error()),
			w.wrongHost() + " If it asks for a client certificate, set cert and key in an entry of clouds.yaml."}, true
	}
	return explanation{}, false
}

func explainSilence(err error, w where) (explanation, bool) {
	var none *transport.NoAnswerError
	if !errors.As(err, &none) {
		return explanation{}, false
	}
	within := none.After.Round(time.Millisecond).String()
	if s := none.After.Truncate(time.Second); s == none.After {
		within = fmt.Sprintf("%.0fs", s.Seconds())
	}
	return explanation{fmt.Sprintf("no answer from %s within %s", clean(none.Host), within),
		w.wrongHost() + " A firewall or a missing VPN may drop the packets. If the cloud is only slow, raise request_timeout."}, true
}

func explainRefusal(err error, w where) (explanation, bool) {
	var system syscall.Errno
	var op *net.OpError
	dialing := errors.As(err, &op) && op.Op == "dial"
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return explanation{"no service listens at " + w.host + " (connection refused)", w.wrongHost()}, true
	case dialing && op.Timeout():
		return explanation{"no connection to " + w.host + " came about", w.wrongHost() + " A firewall or a missing VPN may drop the packets."}, true
	case dialing && errors.As(err, &system):
		return explanation{fmt.Sprintf("no way leads to %s (%s)", w.host, clean(system.Error())), w.wrongHost() + " It may be reached by a VPN only."}, true
	case dialing && op.Err != nil:
		return explanation{fmt.Sprintf("%s can't be reached: %s", w.host, clean(op.Err.Error())), w.wrongHost()}, true
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, os.ErrDeadlineExceeded):
		var connection *url.Error
		if errors.As(err, &connection) {
			return explanation{w.host + " ended the connection without a whole answer", w.wrongHost()}, true
		}
	}
	return explanation{}, false
}

// explainAnswer explains an answer that is not what an API gives.
func explainAnswer(err error, w where) (explanation, bool) {
	var syntax *json.SyntaxError
	var shape *json.UnmarshalTypeError
	switch {
	case errors.Is(err, transport.ErrAnswerTooLarge):
		return explanation{transport.ErrAnswerTooLarge.Error(), w.wrongHost()}, true
	case errors.As(err, &syntax), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return explanation{"the answer is no whole JSON", "Another server or a proxy seems to answer in place of the API. " + w.wrongHost()}, true
	case strings.Contains(err.Error(), "malformed HTTP"): // net/http has no type for it
		return explanation{w.host + " does not speak HTTP", w.wrongHost()}, true
	case errors.As(err, &shape):
		return explanation{fmt.Sprintf("the answer has not the form that the API gives: a JSON %s stands where something else belongs", clean(shape.Value)),
			"Another server or a proxy seems to answer in place of the API. " + w.wrongHost()}, true
	}
	return explanation{}, false
}

// placeOf returns where a failed request went, by its error.
func placeOf(err error, login bool, setting string) where {
	w := where{host: "the server", setting: setting, login: login}
	var request *url.Error
	if errors.As(err, &request) {
		if address, parsed := url.Parse(request.URL); parsed == nil && address.Host != "" {
			w.host = clean(address.Host)
		}
	}
	w.setting = cmp.Or(w.setting, catalogSetting)
	return w
}
