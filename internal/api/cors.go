package api

import (
	"net/http"
	"strings"
)

// What is public, and the same for everybody, scripts of every origin may read. No cookie and no header
// of the caller's has a part in it, so no origin is asked for, none is reflected, and credentials are
// never allowed (F18).
//
// What users do, scripts of the listed origins may, with credentials: the cookie has to travel. Such an
// answer names the origin as the list has it. Nothing else has any of these headers.
var (
	anyOrigin     = []string{"*"}
	publicMethods = []string{"GET, HEAD"}
	anyHeader     = []string{"*"} // but for Authorization, which nothing public needs
	preflightAge  = []string{"86400"}

	byOrigin     = []string{"Origin"}
	allowed      = []string{"true"}
	usersHeaders = []string{"Authorization, Content-Type, X-Request-Id"}
	usersExposed = []string{"Retry-After, RateLimit, RateLimit-Policy, WWW-Authenticate, X-Request-Id"}
	usersAge     = []string{"7200"} // the longest that Chromium keeps
)

// usersMethod returns the one method of a path that sign-in pages ask; nothing of other paths.
func usersMethod(path string) string {
	switch path {
	case "/register", "/login", "/refresh", "/logout", "/password", "/password/reset", "/me/delete":
		return http.MethodPost
	case "/me", "/sessions":
		return http.MethodGet
	}
	if strings.HasPrefix(path, "/sessions/") {
		return http.MethodDelete
	}
	return ""
}

// allow opens an answer to the script that asked, if its origin is listed. It is done before anything is
// decided, so that errors can be read too: a page that cannot see a 429 or a 503 would ask again at once.
func (o *origins) allow(h http.Header, r *http.Request) {
	if len(o.listed) == 0 || usersMethod(r.URL.EscapedPath()) == "" {
		return
	}
	h["Vary"] = byOrigin // without an origin, too: the answer would have been another with one
	from := r.Header["Origin"]
	if len(from) != 1 {
		return
	}
	if listed, ok := o.listed[from[0]]; ok {
		h["Access-Control-Allow-Origin"] = listed
		h["Access-Control-Allow-Credentials"] = allowed
		h["Access-Control-Expose-Headers"] = usersExposed
	}
}

// withPreflights adds the question that a browser puts before a script's request with a header of its
// own, such as If-None-Match, or with a body of JSON.
func withPreflights(routes []route) []route {
	for _, r := range routes {
		switch {
		case r.public:
			routes = append(routes, route{method: http.MethodOptions, pattern: r.pattern, handle: preflight, quiet: true, public: true})
		case usersMethod(r.pattern) != "":
			routes = append(routes, route{method: http.MethodOptions, pattern: r.pattern, handle: usersPreflight, quiet: true})
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

// usersPreflight says what the path takes. What a browser asks for is not looked at: the answer is the
// same, and only a listed origin finds itself in it.
func usersPreflight(x *exchange, r *http.Request) error {
	if h := x.Header(); len(h["Access-Control-Allow-Origin"]) > 0 {
		h["Access-Control-Allow-Methods"] = []string{usersMethod(r.URL.EscapedPath())}
		h["Access-Control-Allow-Headers"] = usersHeaders
		h["Access-Control-Max-Age"] = usersAge
		delete(h, "Access-Control-Expose-Headers")
	}
	x.WriteHeader(http.StatusNoContent)
	return nil
}
