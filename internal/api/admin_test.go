package api

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

const someUser = "019aabfc-5be4-7d5a-9d0f-3c41a4f0c2ee"

// operations are those of the admin listener that need its token, each with a request that it takes.
var operations = []struct {
	call   call
	absent error // what it answers of something that is not there; nil: it asks for nothing
}{
	{get("/admin/users"), nil},
	{post("/admin/users", `{"username":"ada","password":"correct horse","roles":["editor"]}`), nil},
	{get("/admin/users/" + someUser), accounts.ErrUserNotFound},
	{call{method: "PATCH", path: "/admin/users/" + someUser, body: `{"disabled":true}`}, accounts.ErrUserNotFound},
	{call{method: "DELETE", path: "/admin/users/" + someUser}, accounts.ErrUserNotFound},
	{post("/admin/users/"+someUser+"/revoke", ""), accounts.ErrUserNotFound},
	{post("/admin/users/"+someUser+"/password-reset", ""), accounts.ErrUserNotFound},
	{get("/admin/users/" + someUser + "/sessions"), accounts.ErrUserNotFound},
	{call{method: "DELETE", path: "/admin/sessions/" + someSession}, tokens.ErrSessionNotFound},
	{get("/admin/sessions/" + someSession + "/timeline"), tokens.ErrSessionNotFound},
	{post("/admin/revocations", `{"jti":"mDGjVBtnW5kzVZoZ"}`), nil},
	{get("/admin/keys"), nil},
	{get("/admin/clients"), nil},
	{post("/admin/clients", `{"name":"billing"}`), nil},
	{call{method: "DELETE", path: "/admin/clients/" + someUser}, accounts.ErrClientNotFound},
	{post("/admin/clients/"+someUser+"/revoke", ""), accounts.ErrClientNotFound},
	{post("/admin/keys/rotate", ""), nil},
	{call{method: "DELETE", path: "/admin/keys/" + someKey}, tokens.ErrKeyNotFound},
	{get("/admin/audit"), nil},
}

func TestEveryOperatorsRouteWantsTheTokenAndAHost(t *testing.T) {
	t.Parallel()
	handler, _ := brokenAdmin(t, broken{err: errReached})
	for _, o := range operations {
		a := do(t, handler, o.call.toAdmin())
		a.problem(t, http.StatusUnauthorized, "invalid_token")
		if got := a.header.Get("WWW-Authenticate"); got != `Bearer realm="authd"` {
			t.Errorf("%s: challenge: got %q", o.call.path, got)
		}
		do(t, handler, o.call.toAdmin().bearing(strings.Repeat("x", 43))).problem(t, http.StatusUnauthorized, "invalid_token")
		do(t, handler, o.call.byOperator().at("evil.example:8081")).problem(t, http.StatusMisdirectedRequest, "host_not_allowed")
		do(t, handler, o.call.byOperator()).problem(t, http.StatusBadRequest, "invalid_request")
	}
}

func TestEveryOperatorsRouteAnswersWhenItsServicesFail(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		broken broken
		status int
		code   string
	}{
		{broken{err: errors.New("disk on fire")}, 500, "internal_error"},
		{broken{thrown: "disk on fire"}, 500, "internal_error"},
		{broken{err: auth.ErrUnavailable}, 503, "temporarily_unavailable"},
	} {
		handler, _ := brokenAdmin(t, test.broken)
		for _, o := range operations {
			do(t, handler, o.call.byOperator()).problem(t, test.status, test.code)
		}
	}
	handler, _ := brokenAdmin(t, broken{thrown: "no numbers"})
	do(t, handler, get("/metrics").toAdmin()).problem(t, http.StatusInternalServerError, "internal_error")
}

func TestWhatIsNotThereIs404(t *testing.T) {
	t.Parallel()
	for _, o := range operations {
		if o.absent == nil {
			continue
		}
		handler, _ := brokenAdmin(t, broken{err: o.absent})
		code := strings.TrimPrefix(o.absent.Error(), ": ")
		do(t, handler, o.call.byOperator()).problem(t, http.StatusNotFound, code)
		handler, _ = brokenAdmin(t, broken{err: errReached}) // a text that is no id gets to nobody
		for _, id := range []string{"ada", "0", "..", "%2e%2e", someUser + "0", "%00", strings.Repeat("A", 23),
			strings.ToUpper(someUser)} {
			odd := o.call
			odd.path = strings.NewReplacer(someUser, id, someSession, id, someKey, id).Replace(odd.path)
			do(t, handler, odd.byOperator()).problem(t, http.StatusNotFound, code)
		}
	}
}

func TestAParameterThatIsNotKnownIsRefused(t *testing.T) {
	t.Parallel()
	handler, _ := brokenAdmin(t, broken{})
	for _, o := range operations {
		for _, query := range []string{"?usr=x", "?Limit=1", "?limit=1&limit=1", "?token=x", "?%zz", "?dry_run=true"} {
			c := o.call
			c.path += query
			do(t, handler, c.byOperator()).problem(t, http.StatusBadRequest, "invalid_request")
		}
	}
	for _, path := range []string{"/metrics", "/livez", "/readyz"} {
		do(t, handler, get(path+"?token=x").toAdmin()).problem(t, http.StatusBadRequest, "invalid_request")
		if a := do(t, handler, get(path).toAdmin().at("authd.monitoring.svc")); a.status != http.StatusOK {
			t.Errorf("%s: got %d", path, a.status)
		}
	}
}

func TestABodyThatNobodyAskedForIsRefused(t *testing.T) {
	t.Parallel()
	handler, _ := brokenAdmin(t, broken{})
	for _, o := range operations {
		if c := o.call; c.body == "" {
			c.body = `{"dry_run":true}`
			do(t, handler, c.byOperator()).problem(t, http.StatusBadRequest, "invalid_request")
		}
	}
}

func TestAFilterThatCannotBeRightIsRefused(t *testing.T) { // F24
	t.Parallel()
	handler, _ := brokenAdmin(t, broken{})
	for _, path := range []string{
		"/admin/users?limit=", "/admin/users?limit=0", "/admin/users?limit=-1", "/admin/users?limit=201", "/admin/users?limit=1e3",
		"/admin/users?limit=99999999999999999999", "/admin/users?cursor=", "/admin/users?cursor=dQ", "/admin/users?cursor=dWE=",
		"/admin/users?cursor=ZWFh", "/admin/users?cursor=!!!!",
		"/admin/users?cursor=" + cursor('u', "a\x00"), "/admin/users?cursor=" + cursor('u', "\xff"),
		"/admin/users?cursor=" + cursor('e', "0123456789abcdef"),
		"/admin/audit?cursor=" + cursor('u', "ada"), "/admin/audit?cursor=" + cursor('e', "0123456789abcde"),
		"/admin/audit?cursor=" + cursor('e', "0123456789abcdef0"),
		"/admin/audit?user=ada", "/admin/audit?session=x", "/admin/audit?name=Session", "/admin/audit?name=", "/admin/audit?name=a.b%00",
		"/admin/audit?since=yesterday", "/admin/audit?since=2026-11-22", "/admin/audit?until=1763821626",
	} {
		do(t, handler, get(path).byOperator()).problem(t, http.StatusBadRequest, "invalid_request")
	}
}

// The bodies of operators pass the door that everybody's do.
func TestAnOperatorsBodyThatCanBeReadInTwoWaysIsNotRead(t *testing.T) { // F3, F4, F5, F9, F27
	t.Parallel()
	handler, _ := brokenAdmin(t, broken{})
	for _, o := range operations {
		if o.call.body == "" {
			continue
		}
		c := o.call.byOperator()
		for _, bad := range []string{"null", "[]", "{}", "{", o.call.body + "x", strings.Replace(o.call.body, "{", `{"epoch":9,`, 1),
			strings.Replace(o.call.body, `{"`, `{"`+strings.ToUpper(o.call.body[2:3]), 1), strings.Replace(o.call.body, ":", ":null,\"x\":", 1)} {
			c.body = bad
			do(t, handler, c).problem(t, http.StatusBadRequest, "invalid_request")
		}
		c.body = strings.Repeat(" ", maxBody) + o.call.body
		do(t, handler, c).problem(t, http.StatusRequestEntityTooLarge, "body_too_large")
		do(t, handler, o.call.byOperator().with("Content-Type", "text/plain")).problem(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	}
}

func TestAMemberOfAnotherTypeIsNamed(t *testing.T) { // F9
	t.Parallel()
	handler, _ := brokenAdmin(t, broken{})
	for body, want := range map[string]problem{
		`{"disabled":"true"}`:       {Pointer: "/disabled", Detail: "This member must be true or false."},
		`{"disabled":1}`:            {Pointer: "/disabled", Detail: "This member must be true or false."},
		`{"disabled":null}`:         {Pointer: "/disabled", Detail: "This member must be true or false."},
		`{"disabled":{"$ne":true}}`: {Pointer: "/disabled", Detail: "This member must be true or false."},
		`{"roles":"admin"}`:         {Pointer: "/roles", Detail: "This member must be a list of strings."},
		`{"roles":{}}`:              {Pointer: "/roles", Detail: "This member must be a list of strings."},
		`{"roles":null}`:            {Pointer: "/roles", Detail: "This member must be a list of strings."},
		`{"roles":["a",1]}`:         {Pointer: "/roles", Detail: "This member must be a list of strings."},
		`{"roles":[["a"]]}`:         {Pointer: "/roles/0", Detail: "This member must be a list of strings."},
		`{"password":["a"]}`:        {Pointer: "/password", Detail: "This member must be a string."},
		`{"roles":["a"`:             {Pointer: "/roles", Detail: "The body is not valid JSON in UTF-8."},
	} {
		c := call{method: "PATCH", path: "/admin/users/" + someUser, body: body}.byOperator()
		got := do(t, handler, c).problem(t, http.StatusBadRequest, "invalid_request")
		if got.Pointer != want.Pointer || got.Detail != want.Detail {
			t.Errorf("%s: got %q, %q; want %q, %q", body, got.Pointer, got.Detail, want.Pointer, want.Detail)
		}
	}
}

func TestAJTIHasOneForm(t *testing.T) {
	t.Parallel()
	handler, _ := brokenAdmin(t, broken{})
	for _, jti := range []string{"", "x", someUser, someSession, "mDGjVBtnW5kzVZoZA", "mDGjVBtnW5kzVZo=", "mDGjVBtnW5kzVZo+"} {
		p := do(t, handler, post("/admin/revocations", `{"jti":"`+jti+`"}`).byOperator()).problem(t, http.StatusBadRequest, "invalid_request")
		if p.Pointer != "/jti" {
			t.Errorf("%q: pointer: got %q", jti, p.Pointer)
		}
	}
}
