package api

import (
	"net/http"
	"strings"
)

// route is one route: what the router needs of it, and what the description says of it.
type route struct {
	method, path string
	id, summary  string
	do           handler

	// open routes need no token.
	open bool
	// audited routes are kept in the audit log, whether or not they were done.
	audited bool
	// keep is for POST.
	keep keep
	// query names the parameters of the query, see queryParams.
	query []string
	// body is a value of the type of the request's body, or nil.
	body         any
	bodyRequired bool
	// received are the content types of a body that is taken as it is, in place of JSON.
	received []string
	// merge is true where the body is a merge patch of that type.
	merge bool
	// status is that of success, 200 if left at 0; out is a value of the type of its body, or nil.
	status int
	out    any
	// etag is true where a version travels as ETag and If-Match.
	etag bool
	// media are other content types of success beside JSON.
	media []string
	// onlyMedia is true where success is never JSON made of out.
	onlyMedia bool
	// outside routes stand beside base and take any body; headers and refuses say what is described of them: the headers that
	// they read, and the statuses of their problems beside those that follow from the above.
	outside bool
	headers []headerDoc
	refuses []int
	// ranges is true where parts of a file can be asked for.
	ranges bool
}

// headerDoc is a header of a request, and what it is for.
type headerDoc struct{ name, doc string }

const (
	required = true
	optional = false
)

func (r route) takes(query ...string) route { r.query = query; return r }

func (r route) reads(body any, must bool) route { r.body, r.bodyRequired = body, must; return r }

// receives says that the body is a file of one of the content types.
func (r route) receives(media ...string) route { r.received = media; return r }

func (r route) merges(doc any) route { r.body, r.bodyRequired, r.merge = doc, true, true; return r }

func (r route) gives(out any) route { r.out = out; return r }

func (r route) creates(out any) route { r.out, r.status = out, http.StatusCreated; return r }

func (r route) tagged() route { r.etag = true; return r }

func (r route) public() route { r.open = true; return r }

func (r route) isAudited() route { r.audited = true; return r }

func (r route) unaudited() route { r.audited = false; return r }

func (r route) keeps(how keep) route { r.keep = how; return r }

// streams says that success is also given as server-sent events, and in other content types.
func (r route) streams(out any, media ...string) route {
	r.out, r.media = out, append([]string{eventStream}, media...)
	return r
}

func (r route) file(media string) route { r.media, r.onlyMedia = []string{media}, true; return r }

// ranged says that parts of the file can be asked for.
func (r route) ranged() route { r.ranges = true; return r }

// pattern is the route's name in metrics, such as "GET /api/v1/runs/{id}".
func (r route) pattern() string { return r.method + " " + r.root() + r.path }

// root is what the path of the route stands below.
func (r route) root() string {
	if r.outside {
		return ""
	}
	return base
}

// echoPath is the path as the router writes it.
func (r route) echoPath() string {
	return r.root() + strings.NewReplacer("{", ":", "}", "").Replace(r.path)
}
