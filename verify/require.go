package verify

import (
	"fmt"
	"net/http"
)

// RequireRole returns a middleware that lets those pass whose subject has a role, and answers all others
// 403, with [ErrRole]. It stands behind [Verifier.Middleware]:
//
//	mux.Handle("DELETE /notes", v.Middleware(v.RequireRole("admin")(clear)))
//	router.With(v.Middleware, v.RequireRole("admin")).Delete("/notes", clear) // chi
//
// A role that is taken away is gone from the token at the next refresh, so within AUTHD_ACCESS_TTL. Where
// that is too late, revoke the user. Tokens of machines have no roles.
//
// Where no Middleware stood before it nobody passes: the answer is 500, with [ErrNoClaims], because the
// fault is the service's and a 401 would have clients throw good tokens away. RequireRole panics when no
// token can have such a role, as [http.ServeMux.Handle] does at a pattern that it cannot read: a route
// that can never be reached is found at the start.
func (v *Verifier) RequireRole(role string) func(http.Handler) http.Handler {
	return v.require(ErrRole, role, Claims.HasRole)
}

// RequireScope is [Verifier.RequireRole] for a scope of the token. Its error is [ErrScope], and the answer
// has the challenge of RFC 6750, section 3.1, which names the scope that is wanted. Require one behind the
// other where several are.
func (v *Verifier) RequireScope(scope string) func(http.Handler) http.Handler {
	return v.require(ErrScope, scope, Claims.HasScope)
}

func (v *Verifier) require(missing error, name string, has func(Claims, string) bool) func(http.Handler) http.Handler {
	if !isScope(name) {
		panic(fmt.Sprintf("verify: no token has the role or scope %q: printable ASCII without blanks, quotes and backslashes is wanted", name))
	}
	refusal := &lacking{missing, name}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch claims, ok := FromContext(r.Context()); {
			case !ok || claims.t == nil: // those that came with an error, too, are nobody's
				v.refuse(w, r, ErrNoClaims)
			case !has(claims, name):
				v.refuse(w, r, refusal)
			default:
				next.ServeHTTP(w, r)
			}
		})
	}
}

// lacking is [ErrRole] or [ErrScope] with the name of what is not there.
type lacking struct {
	kind error
	name string
}

func (e *lacking) Error() string { return fmt.Sprintf("%v %q", e.kind, e.name) }
func (e *lacking) Unwrap() error { return e.kind }

// isScope reports whether text is one scope (RFC 6749, section 3.3), which is what roles of authd are made
// of as well. It can stand between quotes in a challenge as it is.
func isScope(text string) bool {
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return text != ""
}
