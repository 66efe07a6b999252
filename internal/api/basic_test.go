package api

import (
	"net/http"
	"testing"
)

// badBasics are headers that are no HTTP Basic, or not one that OAuth has.
var badBasics = []string{
	"Basic", "Basic ", "Basic  eDp5", "Basic eDp5 ", "Basic eDp5,", "Basic eA==", "Basic Onk=", "Basic eDp", "Basic eDpZ=",
	"Basic eDp5\r\n", "Basic eDp5=", "Basic x:y", "Basic eDp5, Basic eDp5", "Basic /zp5", "Basic eDr/", "Basic JXp6Onk=", "Basic eDolMDA=",
	"Bearer eDp5", "Digest eDp5", "Basiceyes", "eDp5", "Basic eD-_", "Basic eDp6B", "BasicX eDp5",
}

func TestAHeaderThatIsNoBasicProvesNothing(t *testing.T) {
	t.Parallel()
	handler, _ := brokenHandler(t, broken{})
	for path, good := range formTakers {
		for _, header := range badBasics {
			a := do(t, handler, submit(path, good+"&refresh_token=x").with("Authorization", header))
			a.refused(t, http.StatusUnauthorized, "invalid_client", "invalid_client")
			if got := a.header.Get("WWW-Authenticate"); got != `Basic realm="authd"` {
				t.Errorf("%s %q: WWW-Authenticate: got %q", path, header, got)
			}
		}
	}
}

func TestTheHalvesOfBasicAreThoseOfAForm(t *testing.T) { // RFC 6749, section 2.3.1
	t.Parallel()
	for header, want := range map[string][2]string{
		"Basic eDp5":             {"x", "y"},
		"BASIC eDp5":             {"x", "y"},
		"Basic eDo=":             {"x", ""},
		"Basic eDp5Ono=":         {"x", "y:z"},
		"Basic YSUzQWIrYzpkJTI1": {"a:b c", "d%"},
	} {
		id, secret, ok := parseBasic(header)
		if !ok || id != want[0] || secret != want[1] {
			t.Errorf("%s: got %q and %q, %t", header, id, secret, ok)
		}
	}
}

func TestAClientProvesItselfInOneWay(t *testing.T) { // RFC 6749, section 2.3
	t.Parallel()
	w := newWorld(t)
	id, secret := w.client(t, []string{"read"}, nil)
	other, _ := w.client(t, nil, nil)
	for path, good := range formTakers {
		for _, extra := range []string{"&client_secret=" + secret, "&client_assertion=x", "&client_id=" + other, "&client_id=authd"} {
			do(t, w, submit(path, good+extra).basic(id, secret)).refused(t, http.StatusBadRequest, "invalid_request", "invalid_request")
		}
		for _, extra := range []string{"&client_secret=" + secret, "&client_assertion=x&client_assertion_type=y"} {
			e := do(t, w, submit(path, good+"&client_id="+id+extra)).refused(t, http.StatusUnauthorized, "invalid_client", "invalid_client")
			if e.ErrorDescription != errSecretInBody.Public {
				t.Errorf("%s: got %q", path, e.ErrorDescription)
			}
		}
		if a := do(t, w, submit(path, good+"&client_id="+id).basic(id, secret)); a.status != http.StatusOK {
			t.Errorf("%s with its own id: got %d %s", path, a.status, a.body)
		}
		for _, wrong := range [][2]string{{id, secret + "x"}, {id, ""}, {other, secret}, {"nobody", "x"}, {"authd", "x"}} {
			do(t, w, submit(path, good).basic(wrong[0], wrong[1])).refused(t, http.StatusUnauthorized, "invalid_client", "invalid_client")
		}
	}
}
