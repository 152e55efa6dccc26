package report

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
	"github.com/vmcluster/terraform-provider-vmcluster/internal/trust"
)

// Origin is what a reader knows of the front-end that a report should come from.
type Origin struct {
	Cluster    string // the cluster's ID
	Server     string // the front-end's server ID
	Key        string // the front-end's own key; "" if the document does not name it
	FirstKey   string // public half of the key in its user data, which introduces its own key
	Generation int64  // of the document
}

// Of returns the origin of the reports of a document's front-end; server is its ID.
func Of(d cluster.Document, server string) Origin {
	return Origin{
		Cluster: d.ID, Server: server, Generation: d.Generation,
		Key: d.FrontEnd.CoordinatorKey, FirstKey: d.FrontEnd.FirstKey,
	}
}

// ErrForeign means that a text has the form of a report and is not the front-end's.
var ErrForeign = errors.New("it is not signed by the front-end for this cluster and server")

// Open reads the slot's content. Empty content is no report.
func (o Origin) Open(content string) (r cluster.Report, there bool, err error) {
	if content == "" {
		return cluster.Report{}, false, nil
	}
	if r, err = o.open(content); err != nil {
		return cluster.Report{}, false, fmt.Errorf("read the front-end's report: %w", err)
	}
	return r, true, nil
}

func (o Origin) open(content string) (cluster.Report, error) {
	if len(content) > cluster.MaxReport {
		return cluster.Report{}, fmt.Errorf("it has %d bytes, a report at most %d", len(content), cluster.MaxReport)
	}
	signatures, text, ok := strings.Cut(content, " ")
	if !ok {
		return cluster.Report{}, errors.New("it has no signature")
	}
	var r cluster.Report
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return cluster.Report{}, err
	}
	signature, introduction, _ := strings.Cut(signatures, ".")
	key := cmp.Or(o.Key, r.CoordinatorKey)
	if o.Key == "" && trust.Verify(o.FirstKey, trust.ForReportKey, o.message(key), introduction) != nil {
		return cluster.Report{}, ErrForeign
	}
	if trust.Verify(key, trust.ForReport, o.message(text), signature) != nil || r.CoordinatorKey != key {
		return cluster.Report{}, ErrForeign
	}
	clean(&r)
	return r, o.check(r)
}

// message returns what is signed: it holds for one cluster and one server.
func (o Origin) message(text string) string { return o.Cluster + "\n" + o.Server + "\n" + text }

// Seal returns a report as the node program writes it: signed by the front-end's own
// key and, if first is not nil, with its introduction.
func (o Origin) Seal(text string, own, first *trust.CA) (string, error) {
	signatures, err := own.Sign(trust.ForReport, o.message(text))
	if err != nil {
		return "", err
	}
	if first != nil {
		introduction, err := first.Sign(trust.ForReportKey, o.message(own.Public()))
		if err != nil {
			return "", err
		}
		signatures += "." + introduction
	}
	return signatures + " " + text, nil
}
