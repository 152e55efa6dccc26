package openstack

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

// loginFault returns the error of a failed login as a CloudError of the operation op,
// with what to change. It stands for a setting that is wrong, so no word of it is about
// images or servers.
func (s settings) loginFault(op string, err error) error {
	ce := faultOf(op, err)
	var answer gophercloud.ErrUnexpectedResponseCode
	if errors.As(err, &answer) {
		ce.Help = s.refusedHelp(answer, ce.Message)
		return ce
	}
	if why, ok := explain(err, placeOf(err, true, s.urlSetting())); ok {
		ce.Message, ce.Help = why.message, why.help
	}
	if ce.Help == "" && ce.Kind != cluster.FaultAuth {
		ce.Help = s.notKeystone()
	}
	return ce
}

// notKeystone says what to do about an address that seems to be another service's.
func (s settings) notKeystone() string {
	return "Check " + s.urlSetting() + ": it has to be the address of the identity service (Keystone), and ends with /v3 as a rule."
}

// urlSetting names what the login's address was taken from.
func (s settings) urlSetting() string {
	if s.cloud == "" {
		return howToSet("auth_url")
	}
	return fmt.Sprintf("auth_url of the entry %q in clouds.yaml (or the attribute auth_url)", clean(s.cloud))
}

// refusedHelp returns what to change after an answer that is no token. words are the
// answer's own.
func (s settings) refusedHelp(answer gophercloud.ErrUnexpectedResponseCode, words string) string {
	notKeystone := s.notKeystone()
	switch status := answer.Actual; {
	case status < 300:
		return "Another server seems to answer, such as a web page or a proxy's login. " + notKeystone
	case status < 400:
		if to := clean(answer.ResponseHeader.Get("Location")); to != "" {
			return fmt.Sprintf("The server sends logins on to %s, and a login is not sent to an address that the configuration does not name. ", to) + notKeystone
		}
		return notKeystone
	case status == http.StatusBadRequest && plainHTTP(words):
		return "Write https:// in place of http:// into " + s.urlSetting() + "."
	case status == http.StatusBadRequest:
		return "Check the names and IDs of user, project and their domains: " + s.whoSettings() + "."
	case status == http.StatusUnauthorized:
		return "Check " + s.whoSettings() + "." + s.expiry()
	case status == http.StatusForbidden:
		return "The account may be locked or disabled, or have no role in the project. Check " + s.whoSettings() + ", or ask the cloud's operators."
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed, status == http.StatusGone:
		return notKeystone
	case cluster.FaultOfStatus(status, answer.ResponseHeader.Get("Retry-After") != "") == cluster.FaultRateLimited:
		return "The identity service asks for fewer logins, and went on to do so. Try again later; max_retries sets how often a login is repeated."
	case status >= 500:
		return "The identity service, or a proxy before it, answers that it is in trouble. Try again later; if it stays so, the cloud's operators have to look, or check " + s.urlSetting() + "."
	}
	return notKeystone
}

// plainHTTP reports whether the words are those of servers (Go, nginx, Apache) that
// got HTTP at their TLS port.
func plainHTTP(words string) bool {
	words = strings.ToLower(words)
	return strings.Contains(words, "http request to an https server") || strings.Contains(words, "plain http") ||
		strings.Contains(words, "speaking plain http")
}

// whoSettings names the settings by which this login says who logs in.
func (s settings) whoSettings() string {
	switch {
	case s.auth.TokenID != "":
		return howToSet("token") + " and " + howToSet("tenant_name")
	case s.auth.ApplicationCredentialSecret != "":
		return howToSet("application_credential_id") + " and " + howToSet("application_credential_secret")
	}
	return howToSet("user_name") + ", " + howToSet("password") + ", " + howToSet("user_domain_name") + " and " + howToSet("tenant_name")
}

// expiry returns what may have run out.
func (s settings) expiry() string {
	switch {
	case s.auth.TokenID != "":
		return " A token runs out after some hours."
	case s.auth.ApplicationCredentialSecret != "":
		return " An application credential may have an end, and goes with its user's role in the project."
	}
	return ""
}
