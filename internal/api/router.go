package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"
)

// newRouter matches paths as they were sent. The standard library's mux cleans a path and redirects to
// the result, which loses a POST's body and gives each resource many names; here a path has one
// spelling, and //login, /./login, /%6cogin and /login/ are nobody's (F15).
func newRouter(routes []route) http.Handler {
	mux := chi.NewRouter()
	for _, route := range routes {
		handler := serve(route)
		mux.Method(route.method, route.pattern, handler)
		if route.method == http.MethodGet {
			mux.Method(http.MethodHead, route.pattern, handler) // net/http drops the body
		}
	}
	mux.NotFound(func(w http.ResponseWriter, r *http.Request) {
		writeError(w.(*exchange), r, errNotFound)
	})
	mux.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		refuseMethod(w.(*exchange), r, mux)
	})
	return mux
}

// serve runs a route's handler and answers its error.
func serve(route route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := w.(*exchange) // the front made it
		x.route, x.quiet = route.pattern, route.quiet
		if route.public {
			x.Header()["Access-Control-Allow-Origin"] = anyOrigin
		}
		if err := route.handle(x, r); err != nil {
			writeError(x, r, err)
		}
	})
}

// refuseMethod answers 405 with the methods that the path knows. Headers that ask for another method
// than the request line's are not looked at, here or anywhere (F16).
func refuseMethod(x *exchange, r *http.Request, mux chi.Routes) {
	path := r.URL.EscapedPath()
	if path == "" {
		path = "/" // CONNECT, which asks for a tunnel, has none
	}
	methods := slices.DeleteFunc([]string{"GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"}, func(method string) bool {
		return !mux.Match(chi.NewRouteContext(), method, path)
	})
	if len(methods) == 0 {
		writeError(x, r, errNotFound) // the router asks about a method that it has never heard of first
		return
	}
	x.Header().Set("Allow", strings.Join(methods, ", "))
	writeError(x, r, errMethodNotAllowed)
}
