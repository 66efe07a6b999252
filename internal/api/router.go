package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-chi/chi/v5"
)

// router matches paths as they were sent. The standard library's mux cleans a path and redirects to
// the result, which loses a POST's body and gives each resource many names; here a path has one
// spelling, and //login, /./login, /%6cogin and /login/ are nobody's (F15).
type router struct {
	mux *chi.Mux // all routes
	// plain are those without parameters, all that are asked often among them. To carry parameters chi
	// copies each request, and finding out that there are none is 4 % of the instructions of a key fetch.
	plain map[plainRoute]http.Handler
}

type plainRoute struct{ method, path string }

func newRouter(routes []route) *router {
	rt := &router{chi.NewRouter(), map[plainRoute]http.Handler{}}
	for _, route := range routes {
		rt.add(route.method, route)
		if route.method == http.MethodGet {
			rt.add(http.MethodHead, route) // net/http drops the body
		}
	}
	rt.mux.NotFound(func(w http.ResponseWriter, r *http.Request) {
		writeError(w.(*exchange), r, errNotFound)
	})
	rt.mux.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		refuseMethod(w.(*exchange), r, rt.mux)
	})
	return rt
}

func (rt *router) add(method string, route route) {
	handler := serve(route)
	rt.mux.Method(method, route.pattern, handler)
	if !strings.ContainsAny(route.pattern, "{*") {
		rt.plain[plainRoute{method, route.pattern}] = handler
	}
}

func (rt *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawPath == "" { // else another spelling was sent than that of Path
		if handler, ok := rt.plain[plainRoute{r.Method, r.URL.Path}]; ok {
			handler.ServeHTTP(w, r)
			return
		}
	}
	rt.mux.ServeHTTP(w, r)
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
