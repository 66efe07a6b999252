package api

import "net/http"

// What is public, and the same for everybody, scripts of every origin may read. No cookie and no header
// of the caller's has a part in it, so no origin is asked for, none is reflected, and credentials are
// never allowed (F18). Nothing else has any of these headers.
var (
	anyOrigin     = []string{"*"}
	publicMethods = []string{"GET, HEAD"}
	anyHeader     = []string{"*"} // but for Authorization, which nothing public needs
	preflightAge  = []string{"86400"}
)

// withPreflights adds the question that a browser puts before a script's request with a header of its
// own, such as If-None-Match.
func withPreflights(routes []route) []route {
	for _, r := range routes {
		if r.public {
			routes = append(routes, route{method: http.MethodOptions, pattern: r.pattern, handle: preflight, quiet: true, public: true})
		}
	}
	return routes
}

func preflight(x *exchange, _ *http.Request) error {
	h := x.Header()
	h["Access-Control-Allow-Methods"] = publicMethods
	h["Access-Control-Allow-Headers"] = anyHeader
	h["Access-Control-Max-Age"] = preflightAge
	x.WriteHeader(http.StatusNoContent)
	return nil
}
