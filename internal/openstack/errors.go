package openstack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/openstack/transport"
)

// fault returns the error of a call as a CloudError of the operation op; nil for nil.
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
		ce.Kind = cluster.FaultOfAnswer(answer.Actual, answer.ResponseHeader.Get("Retry-After") != "", ce.Message)
		if ce.Message == "" {
			ce.Message = http.StatusText(answer.Actual)
		}
		if ce.Kind == cluster.FaultAuth || ce.Kind == cluster.FaultForbidden {
			ce.Call = refusedCall(answer)
		}
		if id := transport.RequestID(answer.ResponseHeader); id != "" && answer.Actual >= 500 {
			ce.Message += " [" + id + "]"
		}
		if ce.Kind == cluster.FaultUnavailable {
			ce.Help = troubleHelp
		}
	case errors.Is(err, context.Canceled):
		ce.Kind, ce.Message = cluster.FaultUnavailable, "interrupted before the answer came"
	case errors.Is(err, context.DeadlineExceeded):
		ce.Kind, ce.Message = cluster.FaultUnavailable, "no answer within the time allowed"
	default:
		ce.Message = clean(err.Error())
		if outcomeUnknown(err) {
			ce.Kind = cluster.FaultUnavailable
		}
		if why, ok := explain(err, placeOf(err, false, "")); ok {
			ce.Message, ce.Help = why.message, why.help
		}
	}
	return ce
}

// troubleHelp is what helps after an answer that speaks of trouble on the cloud's side.
const troubleHelp = "The service, or a proxy before it, answered that it is in trouble; whether it carried the call out is unknown. Try again later: what exists is read before anything is made."

// refusedCall returns the call in the words of an access rule; "" for a login, which
// no rule is about.
func refusedCall(answer gophercloud.ErrUnexpectedResponseCode) string {
	address, err := url.Parse(answer.URL)
	if err != nil || answer.Method == "" || strings.HasSuffix(address.Path, "/auth/tokens") {
		return ""
	}
	return answer.Method + " " + address.Path
}

// outcomeUnknown reports whether the request may have been carried out: the
// connection broke, or the answer is not the JSON it should be (a proxy's page).
func outcomeUnknown(err error) bool {
	var connection *url.Error
	var syntax *json.SyntaxError
	var shape *json.UnmarshalTypeError
	var none *transport.NoAnswerError
	return errors.As(err, &none) || (errors.As(err, &connection) && transport.MayPass(err)) || errors.As(err, &syntax) || errors.As(err, &shape) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// notFound returns the error of a look-up without a match.
func notFound(op, format string, args ...any) error {
	return &cluster.CloudError{Kind: cluster.FaultNotFound, Op: op, Message: fmt.Sprintf(format, args...)}
}
