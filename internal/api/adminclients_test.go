package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// machineToken asks for a token as a client.
func (w *world) machineToken(t testing.TB, id, secret string) answer {
	t.Helper()
	return do(t, w, submit("/oauth/token", "grant_type=client_credentials").basic(id, secret))
}

// active asks a client what a token is worth.
func (w *world) active(t testing.TB, id, secret, token string) bool {
	t.Helper()
	var i introspected
	do(t, w, submit("/oauth/introspect", "token="+token).basic(id, secret)).into(t, http.StatusOK, &i)
	return i.Active
}

func TestAnOperatorMakesAClientWhoseSecretIsShownOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var made madeClient
	body := `{"name":"nightly billing","scopes":["orders:write","orders:read"],"audiences":["https://orders.test"]}`
	a := w.operate(t, post("/admin/clients", body), 201)
	a.into(t, 201, &made)
	want := client{ID: made.ID, Name: "nightly billing", Scopes: []string{"orders:write", "orders:read"},
		Audiences: []string{"https://orders.test"}, CreatedAt: made.CreatedAt}
	if diff := cmp.Diff(want, made.client); diff != "" {
		t.Errorf("made (-want +got):\n%s", diff)
	}
	var token machineToken
	w.machineToken(t, made.ID, made.Secret).into(t, http.StatusOK, &token)
	if token.Scope != "orders:write orders:read" {
		t.Errorf("scope: got %q", token.Scope)
	}
	list := w.operate(t, get("/admin/clients"), 200)
	var page clientPage
	list.into(t, 200, &page)
	if diff := cmp.Diff(clientPage{Clients: []client{want}}, page); diff != "" {
		t.Errorf("listed (-want +got):\n%s", diff)
	}
	if strings.Contains(string(list.body), made.Secret) || strings.Contains(w.log.String(), made.Secret) {
		t.Error("the secret is shown a second time")
	}
}

func TestB20ATokenOfAClientThatIsGoneOrRevokedIsDeadAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	asker, askerSecret := w.client(t, nil, nil)
	for _, c := range []call{post("/admin/clients/%s/revoke", ""), del("/admin/clients/%s")} {
		id, secret := w.client(t, []string{"read"}, nil)
		var before, after machineToken
		w.machineToken(t, id, secret).into(t, http.StatusOK, &before)
		if !w.active(t, asker, askerSecret, before.AccessToken) {
			t.Fatal("a new token is not alive")
		}
		c.path = fmt.Sprintf(c.path, id)
		w.operate(t, c, http.StatusNoContent)
		if w.active(t, asker, askerSecret, before.AccessToken) {
			t.Errorf("%s %s: a token of before is alive", c.method, c.path)
		}
		if c.method == http.MethodDelete {
			w.machineToken(t, id, secret).refused(t, http.StatusUnauthorized, "invalid_client", "invalid_client")
			do(t, w.operators, c.byOperator()).problem(t, http.StatusNotFound, "client_not_found")
			continue
		}
		w.machineToken(t, id, secret).into(t, http.StatusOK, &after)
		if !w.active(t, asker, askerSecret, after.AccessToken) {
			t.Error("a token of after the raise is dead")
		}
	}
}

func TestAMachinesTokenIsForbiddenWhereASessionIsNeeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id, secret := w.client(t, []string{"read"}, nil)
	var token machineToken
	w.machineToken(t, id, secret).into(t, http.StatusOK, &token)
	for _, c := range []call{
		get("/me"), get("/sessions"), del("/sessions/AZqr_FvkfVqdDzxBpPDC7g"), post("/logout", ""), post("/logout", `{"scope":"all"}`),
		post("/password", `{"current_password":"x","new_password":"`+goodPassword+`"}`), post("/me/delete", `{"password":"x"}`),
	} {
		do(t, w, c.bearing(token.AccessToken)).problem(t, http.StatusForbidden, "session_required")
	}
}

func TestClientsAreListedPageByPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := map[string]bool{}
	for range 5 {
		id, _ := w.client(t, nil, nil)
		made[id] = true
	}
	for path := "/admin/clients?limit=2"; path != ""; {
		var page clientPage
		w.operate(t, get(path), 200).into(t, 200, &page)
		for _, c := range page.Clients {
			if !made[c.ID] {
				t.Errorf("%s is listed twice, or was never made", c.ID)
			}
			delete(made, c.ID)
		}
		if path = ""; page.NextCursor != "" {
			path = "/admin/clients?limit=2&cursor=" + page.NextCursor
		}
	}
	if len(made) > 0 {
		t.Errorf("%d are not listed", len(made))
	}
	zeros := cursor('c', string(make([]byte, 16)))
	for _, bad := range []string{cursor('u', "ada"), cursor('c', "ada"), cursor('s', "0123456789abcdef"), zeros, "x"} {
		do(t, w.operators, get("/admin/clients?cursor="+bad).byOperator()).problem(t, http.StatusBadRequest, "invalid_request")
	}
}

func TestAClientThatCannotBeIsNotMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for body, pointer := range map[string]string{
		`{}`: "/name", `{"name":""}`: "/name", `{"name":" x"}`: "/name", `{"name":"a\u001b[31m"}`: "/name",
		`{"name":"` + strings.Repeat("a", 129) + `"}`: "/name", `{"name":null}`: "/name",
		`{"name":"a","scopes":["a b"]}`: "/scopes", `{"name":"a","scopes":["a","a"]}`: "/scopes", `{"name":"a","scopes":["ä"]}`: "/scopes",
		`{"name":"a","scopes":"a"}`: "/scopes", `{"name":"a","audiences":[""]}`: "/audiences", `{"name":"a","audiences":["a\u00a0b"]}`: "/audiences",
		`{"name":"a","scopes":["` + strings.Repeat("s", 1024) + `"],"audiences":["` + strings.Repeat("a", 1025) + `"]}`: "/audiences",
	} {
		w.wantNoWrite(t, body, func() {
			p := do(t, w.operators, post("/admin/clients", body).byOperator()).problem(t, http.StatusBadRequest, "invalid_request")
			if p.Pointer != pointer {
				t.Errorf("%s: pointer: got %q, want %q", body, p.Pointer, pointer)
			}
		})
	}
	for _, id := range []string{"authd", "x", "AZqr_FvkfVqdDzxBpPDC7g", "019AABFC-5BE4-7D5A-9D0F-3C41A4F0C2EE", "019aabfc-5be4-7d5a-9d0f-3c41a4f0c2ee"} {
		do(t, w.operators, del("/admin/clients/"+id).byOperator()).problem(t, http.StatusNotFound, "client_not_found")
		do(t, w.operators, post("/admin/clients/"+id+"/revoke", "").byOperator()).problem(t, http.StatusNotFound, "client_not_found")
	}
}
