package openstack

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"golang.org/x/sync/errgroup"

	"github.com/vmcluster/terraform-provider-vmcluster/internal/cluster"
)

const (
	// pageSize is Nova's own upper limit of a page ([api] max_limit).
	pageSize = 1000

	// longList is from how many servers on a list is read from both ends, by one call more.
	// A Nova takes 3 to 9 ms for each server that a list shows in detail.
	longList = 100
)

// How a server's tags are compared with those of a filter: keys of Nova's query.
const (
	allTags = "tags"
	anyTag  = "tags-any"
)

// filter says which servers a list shows: those with all of the tags, or with any of them.
type filter struct {
	how  string
	tags []string
}

// words returns the filter as the end of an operation's name.
func (f filter) words() string {
	switch {
	case len(f.tags) == 0:
		return ""
	case f.how == anyTag:
		return " tagged " + strings.Join(f.tags, " or ")
	}
	return " tagged " + strings.Join(f.tags, ", ")
}

// serverList is the list of those of a project's servers that a filter lets pass.
type serverList struct {
	sc     *gophercloud.ServiceClient
	filter filter
}

// page is a part of a list: so many servers at most, after the server that is the marker, in
// the order of a key if one is given.
type page struct {
	limit                int
	marker, sortBy, sort string
}

// read reads the whole list.
func (l serverList) read(ctx context.Context, about int) ([]record, error) {
	if about < longList {
		return l.follow(ctx, page{limit: pageSize}, "")
	}
	return l.fromBothEnds(ctx, min(about/2+1+about/100, pageSize))
}

// get reads one page; more says that Nova links to a next one. It does not use the
// library's pager, which refuses a whole list for one odd time stamp, and follows the
// addresses in Nova's links, which behind a proxy may be http in place of https.
func (l serverList) get(ctx context.Context, p page) (records []record, more bool, err error) {
	query := url.Values{"limit": {strconv.Itoa(p.limit)}}
	for key, value := range map[string]string{
		l.filter.how: strings.Join(l.filter.tags, ","), "marker": p.marker, "sort_key": p.sortBy, "sort_dir": p.sort,
	} {
		if value != "" {
			query.Set(key, value)
		}
	}
	var answer struct {
		Servers []record           `json:"servers"`
		Links   []gophercloud.Link `json:"servers_links"`
	}
	_, err = l.sc.Get(ctx, l.sc.ServiceURL("servers", "detail")+"?"+query.Encode(), &answer, nil) //nolint:bodyclose // gophercloud closes what it decodes
	if err != nil {
		return nil, false, err
	}
	if answer.Servers == nil {
		return nil, false, &cluster.CloudError{Kind: cluster.FaultUnavailable, Op: "list servers", Message: "the answer holds no list of servers"}
	}
	more = slices.ContainsFunc(answer.Links, func(link gophercloud.Link) bool { return link.Rel == "next" })
	return answer.Servers, more && len(answer.Servers) > 0, nil
}

// follow reads a page and those after it, until one ends at the server named last or beyond
// it, in the order of IDs; "" is until there are no more.
func (l serverList) follow(ctx context.Context, p page, last string) ([]record, error) {
	var all []record
	for {
		records, more, err := l.get(ctx, p)
		if err != nil {
			return nil, err
		}
		all = append(all, records...)
		if !more {
			return all, nil
		}
		p.marker = records[len(records)-1].ID
		if last != "" && p.marker >= last {
			return all, nil
		}
	}
}

// errUnsorted means that a cloud has not sorted its answers as it was asked to.
var errUnsorted = errors.New("the servers are not in the order of their IDs")

// fromBothEnds reads the servers in the order of their IDs, which no two share, a page from
// each end at one time. The pages are the whole list where they meet: where a server is in
// both. Where they do not, since there are more servers than expected, those in between are
// read as well. A cloud that can't sort, or does not, is asked once more without an order:
// pages in another order may meet and lack servers.
func (l serverList) fromBothEnds(ctx context.Context, limit int) ([]record, error) {
	all, err := l.sorted(ctx, limit)
	if gophercloud.ResponseCodeIs(err, http.StatusBadRequest) || errors.Is(err, errUnsorted) {
		return l.follow(ctx, page{limit: pageSize}, "")
	}
	slices.SortStableFunc(all, func(a, b record) int { return strings.Compare(b.Created, a.Created) }) // as without an order
	return all, err
}

// sorted is fromBothEnds as the cloud sorts it.
func (l serverList) sorted(ctx context.Context, limit int) ([]record, error) {
	up, down := page{limit: limit, sortBy: "uuid", sort: "asc"}, page{limit: limit, sortBy: "uuid", sort: "desc"}
	var front, back []record
	var moreFront, moreBack bool
	var g errgroup.Group
	g.Go(func() (err error) {
		front, moreFront, err = l.get(ctx, up)
		return err
	})
	g.Go(func() (err error) {
		back, moreBack, err = l.get(ctx, down)
		return err
	})
	if err := g.Wait(); err != nil {
		return nil, err
	}
	slices.Reverse(back)
	switch {
	case !inOrder(front) || !inOrder(back):
		return nil, errUnsorted
	case !moreFront:
		return front, nil
	case !moreBack:
		return back, nil
	}
	up.marker = front[len(front)-1].ID
	if up.marker < back[0].ID {
		between, err := l.follow(ctx, up, back[0].ID)
		if err != nil {
			return nil, err
		}
		front = append(front, between...)
	}
	if !inOrder(front) {
		return nil, errUnsorted
	}
	met := front[len(front)-1].ID
	return append(front, slices.DeleteFunc(back, func(r record) bool { return r.ID <= met })...), nil
}

// inOrder reports whether every server's ID is above the one before it.
func inOrder(records []record) bool {
	for i := 1; i < len(records); i++ {
		if records[i].ID <= records[i-1].ID {
			return false
		}
	}
	return true
}
