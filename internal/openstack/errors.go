package openstack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

var (
	// Nova's quotas: "Quota exceeded for cores", "Maximum number of ports
	// exceeded", "Maximum number of metadata items exceeds 128". Neutron's:
	// "Quota exceeded for resources", and a subnet without a free address, where
	// waiting helps as little.
	quotaWords = regexp.MustCompile(`(?i)\bquota\b|\bexceed(s|ed)\b|\boverquota\b|no more ip addresses|ipaddressgenerationfailure`)
	hostWords  = regexp.MustCompile(`(?i)no valid host`)
)

// fault turns what a call returned into a CloudError of that operation, or nil.
func fault(op string, err error) error {
	if err == nil {
		return nil
	}
	var again *gophercloud.ErrUnableToReauthenticate
	if errors.As(err, &again) {
		ce := faultOf(op, again.ErrReauth)
		ce.Message = "the token was no longer accepted, and logging in again failed: " + ce.Message
		return ce
	}
	return faultOf(op, err)
}

func faultOf(op string, err error) *cluster.CloudError {
	ce := &cluster.CloudError{Op: op, Kind: cluster.FaultOther, Err: err}
	var answer gophercloud.ErrUnexpectedResponseCode
	switch {
	case errors.As(err, &answer):
		ce.Code = answer.Actual
		ce.Message = message(answer.Body)
		ce.Kind = kindOf(answer, ce.Message)
		if ce.Message == "" {
			ce.Message = http.StatusText(answer.Actual)
		}
		if ce.Kind == cluster.FaultAuth || ce.Kind == cluster.FaultForbidden {
			ce.Call = refusedCall(answer)
		}
		if id := requestID(answer.ResponseHeader); id != "" && answer.Actual >= 500 {
			ce.Message += " [" + id + "]"
		}
	case errors.Is(err, context.Canceled):
		ce.Kind, ce.Message = cluster.FaultUnavailable, "interrupted before the answer came"
	case errors.Is(err, context.DeadlineExceeded):
		ce.Kind, ce.Message = cluster.FaultUnavailable, "no answer within the time allowed"
	default:
		ce.Message = err.Error()
		if outcomeUnknown(err) {
			ce.Kind = cluster.FaultUnavailable
		}
	}
	return ce
}

// refusedCall names a call as an access rule would. A refused login is none of
// those.
func refusedCall(answer gophercloud.ErrUnexpectedResponseCode) string {
	address, err := url.Parse(answer.URL)
	if err != nil || answer.Method == "" || strings.HasSuffix(address.Path, "/auth/tokens") {
		return ""
	}
	return answer.Method + " " + address.Path
}

// outcomeUnknown tells a connection that broke, and an answer that is not the
// JSON it should be (a proxy's page): the request may have been carried out.
func outcomeUnknown(err error) bool {
	var connection *url.Error
	var syntax *json.SyntaxError
	var shape *json.UnmarshalTypeError
	return (errors.As(err, &connection) && mayPass(err)) || errors.As(err, &syntax) || errors.As(err, &shape) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// kindOf sorts an API's refusal. The words come first: quota is a 403 in Nova
// and a 409 in Neutron.
func kindOf(answer gophercloud.ErrUnexpectedResponseCode, words string) cluster.FaultKind {
	switch status := answer.Actual; {
	case hostWords.MatchString(words):
		return cluster.FaultNoHost
	case status == http.StatusTooManyRequests, status == 498,
		status == http.StatusRequestEntityTooLarge && answer.ResponseHeader.Get("Retry-After") != "":
		return cluster.FaultRateLimited
	case (status == http.StatusForbidden || status == http.StatusConflict || status == http.StatusRequestEntityTooLarge) && quotaWords.MatchString(words):
		return cluster.FaultQuota
	case status == http.StatusUnauthorized:
		return cluster.FaultAuth
	case status == http.StatusForbidden:
		return cluster.FaultForbidden
	case status == http.StatusNotFound, status == http.StatusGone:
		return cluster.FaultNotFound
	case status == http.StatusConflict:
		return cluster.FaultConflict
	case status == http.StatusRequestTimeout, failed(status):
		return cluster.FaultUnavailable
	case status >= 400 && status < 500:
		return cluster.FaultBadRequest
	}
	return cluster.FaultOther
}

// notFound is the fault of a look-up without a match.
func notFound(op, format string, args ...any) error {
	return &cluster.CloudError{Kind: cluster.FaultNotFound, Op: op, Message: fmt.Sprintf(format, args...)}
}
