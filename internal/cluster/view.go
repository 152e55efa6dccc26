package cluster

import (
	"errors"
	"fmt"
)

// View is a cluster as the cloud shows it in one read.
type View struct {
	Nodes       Nodes    `json:"nodes"`
	Document    Document `json:"document"`
	HasDocument bool     `json:"has_document"`
	Report      Report   `json:"report"` // the front-end's latest, from a read that asks for it
	HasReport   bool     `json:"has_report"`

	// ReportRefused says why what stood in the place of a report is none of the
	// front-end's; "" if nothing stood there.
	ReportRefused string `json:"report_refused,omitempty"`

	// Of the clusters that bear the same name, from a read by name: see Ref.Split.
	Leftovers Nodes `json:"leftovers,omitempty"`
	Strangers Nodes `json:"strangers,omitempty"`
}

// ViewOf returns the view of a cluster's servers, with the document from the
// front-end's metadata. A cluster without a front-end, or with one that has no
// document, is no error; a document that can't be read is, and the view then
// holds the nodes alone.
func ViewOf(nodes Nodes) (View, error) {
	v := View{Nodes: nodes}
	fe, ok := nodes.FrontEnd()
	if !ok {
		return v, nil
	}
	doc, err := DecodeDocument(fe.Metadata)
	if errors.Is(err, ErrNoDocument) {
		return v, nil
	}
	if err != nil {
		return v, fmt.Errorf("read the metadata of %s: %w", fe.Name, err)
	}
	v.Document, v.HasDocument = doc, true
	return v, nil
}

// Known returns the view with the document as last seen where the front-end of
// that cluster, and the document with it, is gone.
func (v View) Known(id string, last Document) View {
	fe, ok := v.Nodes.FrontEnd()
	if gone := !ok || fe.Ending(); gone && !v.HasDocument && last.ID == id {
		v.Document, v.HasDocument = last, true
	}
	return v
}
