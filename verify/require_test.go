package verify_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/authd/authd/verify"
	"github.com/authd/authd/verify/internal/fake"
)

// machine are the changes that make the claims of a session those of a machine.
func machine(changes fake.JSON) fake.JSON {
	const client = "019aab00-1a2b-7c3d-8e4f-5a6b7c8d9e0f"
	claims := fake.JSON{"sub": client, "client_id": client, "sid": nil, "auth_time": nil}
	maps.Copy(claims, changes)
	return claims
}

func TestOnlyWhoHasTheRoleOrScopePasses(t *testing.T) {
	t.Parallel()
	authd := fake.New()
	v := start(t, config(authd))
	role := v.Middleware(v.RequireRole("editor")(whoami))
	scope := v.Middleware(v.RequireScope("notes:read")(whoami))
	both := v.Middleware(v.RequireScope("notes:read")(v.RequireScope("notes:write")(whoami)))
	for what, c := range map[string]struct {
		route  http.Handler
		claims fake.JSON
		want   int
	}{
		"the role":                    {role, fake.JSON{"roles": []string{"editor"}}, 200},
		"the role among others":       {role, fake.JSON{"roles": []string{"admin", "editor"}}, 200},
		"no roles":                    {role, nil, 403},
		"an empty list of roles":      {role, fake.JSON{"roles": []string{}}, 403},
		"a part of the role":          {role, fake.JSON{"roles": []string{"edit"}}, 403},
		"more than the role":          {role, fake.JSON{"roles": []string{"editor2", "sub-editor"}}, 403},
		"the role in another case":    {role, fake.JSON{"roles": []string{"Editor"}}, 403},
		"the role with a blank":       {role, fake.JSON{"roles": []string{"editor "}}, 403},
		"two roles in one":            {role, fake.JSON{"roles": []string{"reader editor"}}, 403},
		"a scope of the role's name":  {role, fake.JSON{"scope": "editor"}, 403},
		"a machine, as to a role":     {role, machine(fake.JSON{"scope": "editor"}), 403},
		"the scope":                   {scope, machine(fake.JSON{"scope": "notes:read"}), 200},
		"the scope among others":      {scope, machine(fake.JSON{"scope": "a notes:read b"}), 200},
		"the scope of a session":      {scope, fake.JSON{"scope": "notes:read"}, 200},
		"no scope":                    {scope, machine(nil), 403},
		"a part of the scope":         {scope, machine(fake.JSON{"scope": "notes"}), 403},
		"more than the scope":         {scope, machine(fake.JSON{"scope": "notes:read2 x-notes:read"}), 403},
		"the scope in another case":   {scope, machine(fake.JSON{"scope": "notes:Read"}), 403},
		"a role of the scope's name":  {scope, fake.JSON{"roles": []string{"notes:read"}}, 403},
		"both scopes":                 {both, machine(fake.JSON{"scope": "notes:write notes:read"}), 200},
		"the first of both":           {both, machine(fake.JSON{"scope": "notes:read"}), 403},
		"the second of both":          {both, machine(fake.JSON{"scope": "notes:write"}), 403},
		"the scope, of another house": {scope, machine(fake.JSON{"scope": "notes:read", "aud": "x"}), 401},
	} {
		if got := ask(c.route, "Bearer "+authd.Token(c.claims)).StatusCode; got != c.want {
			t.Errorf("%s: got %d, want %d", what, got, c.want)
		}
	}
}

// RFC 6750, section 3.1: a scope can be asked for, so the challenge names it. A role cannot.
func TestA403SaysWhatIsWanted(t *testing.T) {
	t.Parallel()
	authd := fake.New()
	v := start(t, config(authd))
	const insufficient = `Bearer realm="authd", error="insufficient_scope", ` +
		`error_description="The access token does not reach as far as this.", scope="urn:notes/2#'read'!"`
	for what, c := range map[string]struct {
		require   func(http.Handler) http.Handler
		code      string
		challenge []string
	}{
		"a scope": {v.RequireScope("urn:notes/2#'read'!"), "insufficient_scope", []string{insufficient}},
		"a role":  {v.RequireRole("admin"), "role_missing", nil},
	} {
		response := ask(v.Middleware(c.require(whoami)), "Bearer "+authd.Token(nil))
		expect(t, what, response, 403, c.code)
		if got := response.Header["Www-Authenticate"]; !slices.Equal(got, c.challenge) {
			t.Errorf("%s: got %q, want %q", what, got, c.challenge)
		}
	}
}

// A fault of the service is no reason for clients to throw their tokens away.
func TestWithoutMiddlewareBeforeItNobodyPasses(t *testing.T) {
	t.Parallel()
	authd := fake.New()
	v := start(t, config(authd))
	everybodys := authd.Token(fake.JSON{"roles": []string{"admin"}, "scope": "admin"})
	overlooked := func(next http.Handler) http.Handler { // an error of Token's
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(verify.NewContext(r.Context(), verify.Claims{})))
		})
	}
	for what, h := range map[string]http.Handler{
		"a role":                      v.RequireRole("admin")(whoami),
		"a scope":                     v.RequireScope("admin")(whoami),
		"the other way round":         v.RequireRole("admin")(v.Middleware(whoami)),
		"claims of nobody":            overlooked(v.RequireRole("admin")(whoami)),
		"a verifier that is not made": new(verify.Verifier).RequireScope("admin")(whoami),
	} {
		response := ask(h, "Bearer "+everybodys)
		expect(t, what, response, 500, "internal_error")
		if got := response.Header.Get("WWW-Authenticate"); got != "" {
			t.Errorf("%s: got the challenge %q", what, got)
		}
	}
}

// What no token can have is a slip of the pen, and a route that nobody would ever reach.
func TestARoleOrScopeThatNoTokenCanHaveIsFoundAtTheStart(t *testing.T) {
	t.Parallel()
	var v verify.Verifier
	refuses := func(require func(string) func(http.Handler) http.Handler, name string) (refused bool) {
		defer func() { refused = recover() != nil }()
		require(name)
		return false
	}
	for _, require := range []func(string) func(http.Handler) http.Handler{v.RequireRole, v.RequireScope} {
		for _, name := range []string{"", " ", "a b", "a\tb", "a\u00a0b", "a\n", `a"b`, `a\b`, "zoë", "a\x7f", "\xff"} {
			if !refuses(require, name) {
				t.Errorf("%q: it was taken", name)
			}
		}
		for _, name := range []string{"admin", "notes:read", "urn:x/2#'~!", "https://api.example.com/notes.read", "[]{}^_`|"} {
			if refuses(require, name) {
				t.Errorf("%q: it was refused", name)
			}
		}
	}
}

func TestAServiceMayAnswerMissingRolesAndScopesItself(t *testing.T) {
	t.Parallel()
	authd := fake.New()
	c := config(authd)
	c.WriteError = func(w http.ResponseWriter, _ *http.Request, err error) {
		w.WriteHeader(418)
		fmt.Fprint(w, errors.Is(err, verify.ErrRole), errors.Is(err, verify.ErrScope), err)
	}
	v := start(t, c)
	for want, require := range map[string]func(http.Handler) http.Handler{
		`true false verify: the subject lacks the role "admin"`:  v.RequireRole("admin"),
		`false true verify: the token lacks the scope "a:write"`: v.RequireScope("a:write"),
	} {
		response := ask(v.Middleware(require(whoami)), "Bearer "+authd.Token(nil))
		if got, _ := io.ReadAll(response.Body); response.StatusCode != 418 || string(got) != want {
			t.Errorf("got %d %q, want %q", response.StatusCode, got, want)
		}
	}
}

func TestScopesAreReadToTheLetter(t *testing.T) {
	t.Parallel()
	authd := fake.New()
	v := start(t, config(authd))
	for scope, want := range map[string][]string{
		"a":             {"a"},
		"b a":           {"b", "a"}, // in their order
		"a a":           {"a", "a"},
		"A a":           {"A", "a"},
		"urn:x/2#'~! b": {"urn:x/2#'~!", "b"},
	} {
		c := mustAccept(t, v, authd.Token(machine(fake.JSON{"scope": scope})))
		if got := c.Scopes(); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", scope, got, want)
		}
	}
	for _, scope := range []any{"", " ", " a", "a ", "a  b", "a\tb", "a\nb", "a\u00a0b", "a\u2003b", "a,\"b\"", `a\b`, "zoë", "a\x00", 1, true, []string{"a", "b"}} {
		mustRefuse(t, v, authd.Token(machine(fake.JSON{"scope": scope})), verify.ErrInvalid)
	}
}

// What a machine's token says, and by which kills it dies: there is no session that could be ended.
func TestATokenOfAMachineIsNobodysSession(t *testing.T) {
	bubble(t, func(t *testing.T) {
		authd := fake.New()
		v := start(t, config(authd))
		raw := authd.Token(machine(fake.JSON{"scope": "notes:read", "jti": "machine-1"}))
		c := mustAccept(t, v, raw)
		if c.Subject() != c.ClientID() || c.SessionID() != "" || !c.AuthTime().IsZero() || c.Roles() != nil {
			t.Errorf("got %v, signed in at %v, with the roles %q", c.LogValue(), c.AuthTime(), c.Roles())
		}
		authd.Kill("sid", "") // which is no session's, and not a machine's either
		synctest.Wait()
		mustAccept(t, v, raw)
		authd.Kill("sub", c.Subject(), c.Epoch()+1)
		synctest.Wait()
		mustRefuse(t, v, raw, verify.ErrRevoked)
		other := authd.Token(machine(fake.JSON{"jti": "machine-2", "epoch": c.Epoch() + 1}))
		mustAccept(t, v, other)
		authd.Kill("jti", "machine-2")
		synctest.Wait()
		mustRefuse(t, v, other, verify.ErrRevoked)
	})
}
