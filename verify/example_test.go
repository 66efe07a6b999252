package verify_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/authd/authd/verify"
	"github.com/authd/authd/verify/internal/fake"
)

// A service that has one route for people who are signed in.
func Example() {
	authd := fake.New() // in memory; yours is at its issuer
	ctx, stop := context.WithCancel(context.Background())
	defer stop()

	v, err := verify.New(verify.Config{
		Issuer:     "https://auth.example.com",
		Audience:   "https://api.example.com",
		HTTPClient: fake.Client(authd),
	})
	if err != nil {
		log.Fatal(err)
	}
	go v.Run(ctx)
	if err := v.WaitReady(ctx); err != nil {
		log.Fatal(err)
	}

	mux := http.NewServeMux()
	mux.Handle("GET /notes", v.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, _ := verify.FromContext(r.Context())
		fmt.Fprintf(w, "the notes of %s", claims.Subject())
	})))

	ask := func(authorization string) {
		r := httptest.NewRequest("GET", "/notes", nil)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(w.Code, http.StatusText(w.Code))
	}
	ask("Bearer " + authd.Token(nil))
	ask("Bearer forged")
	ask("")
	// Output:
	// 200 OK
	// 401 Unauthorized
	// 401 Unauthorized
}

// running is a verifier that is ready.
func running(authd *fake.Authd, c verify.Config) (v *verify.Verifier, stop func()) {
	c.Issuer, c.Audience, c.HTTPClient = fake.Issuer, fake.Audience, fake.Client(authd)
	v, err := verify.New(c)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	go v.Run(ctx)
	if err := v.WaitReady(ctx); err != nil {
		log.Fatal(err)
	}
	return v, stop
}

func ExampleVerifier_Token() {
	authd := fake.New()
	v, stop := running(authd, verify.Config{})
	defer stop()

	for _, raw := range []string{authd.Token(fake.JSON{"roles": []string{"editor"}}), "forged"} {
		claims, err := v.Token(context.Background(), raw)
		switch {
		case err == nil:
			fmt.Println("good; an editor:", claims.HasRole("editor"))
		case errors.Is(err, verify.ErrRevoked):
			fmt.Println("logged out")
		case errors.Is(err, verify.ErrNotReady), errors.Is(err, verify.ErrStale):
			fmt.Println("not known at the moment: 503, and never 401")
		default:
			fmt.Println(err)
		}
	}
	// Output:
	// good; an editor: true
	// verify: token invalid: not a compact JWS: three segments of canonical base64url
}

// A logout is obeyed as soon as authd has told of it.
func ExampleHooks() {
	authd := fake.New()
	polled := make(chan error, 10)
	v, stop := running(authd, verify.Config{Hooks: verify.Hooks{
		Polled: func(err error) { polled <- err }, // a counter, in a real service
	}})
	defer stop()
	<-polled

	raw := authd.Token(fake.JSON{"sid": "a session"})
	_, err := v.Token(context.Background(), raw)
	fmt.Println("before:", err)

	authd.Kill("sid", "a session")
	<-polled
	_, err = v.Token(context.Background(), raw)
	fmt.Println("after:", errors.Is(err, verify.ErrRevoked))
	// Output:
	// before: <nil>
	// after: true
}

// Payments may not be made with what was known a minute ago; reading news may.
func ExampleVerifier_WithMaxStaleness() {
	v, err := verify.New(verify.Config{Issuer: "https://auth.example.com", Audience: "https://api.example.com"})
	if err != nil {
		log.Fatal(err)
	}
	strict, err := v.WithMaxStaleness(10 * time.Second)
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /news", v.Middleware(http.NotFoundHandler()))
	mux.Handle("POST /payments", strict.Middleware(http.NotFoundHandler()))

	_, err = v.WithMaxStaleness(time.Second)
	fmt.Println(err)
	// Output:
	// verify: MaxStaleness 1s: the least is 10s
}

// People with a role may clear the news, and machines that were given the scope may import some.
func ExampleVerifier_RequireRole() {
	authd := fake.New()
	v, stop := running(authd, verify.Config{})
	defer stop()

	done := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux := http.NewServeMux()
	mux.Handle("DELETE /news", v.Middleware(v.RequireRole("editor")(done)))
	mux.Handle("POST /news/import", v.Middleware(v.RequireScope("news:import")(done)))

	ask := func(method, path string, claims fake.JSON) {
		r := httptest.NewRequest(method, path, nil)
		r.Header.Set("Authorization", "Bearer "+authd.Token(claims))
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(w.Code, http.StatusText(w.Code))
	}
	ask("DELETE", "/news", fake.JSON{"roles": []string{"editor"}})
	ask("DELETE", "/news", nil)
	ask("POST", "/news/import", fake.JSON{"scope": "news:read news:import"})
	ask("POST", "/news/import", fake.JSON{"scope": "news:read"})
	// Output:
	// 204 No Content
	// 403 Forbidden
	// 204 No Content
	// 403 Forbidden
}

// A page that anybody may see, and that greets who is signed in.
func ExampleVerifier_Request() {
	authd := fake.New()
	v, stop := running(authd, verify.Config{})
	defer stop()

	page := func(w http.ResponseWriter, r *http.Request) {
		claims, err := v.Request(r)
		if err != nil && !errors.Is(err, verify.ErrNoToken) {
			verify.WriteError(w, r, err)
			return
		}
		fmt.Printf("hello %q\n", claims.Subject())
	}
	r := httptest.NewRequest("GET", "/", nil)
	page(httptest.NewRecorder(), r)
	r.Header.Set("Authorization", "Bearer "+authd.Token(fake.JSON{"sub": "ada"}))
	page(httptest.NewRecorder(), r)
	// Output:
	// hello ""
	// hello "ada"
}

// A readiness probe of a service that has nothing to do without authd.
func ExampleVerifier_Ready() {
	v, err := verify.New(verify.Config{Issuer: "https://auth.example.com", Audience: "https://api.example.com"})
	if err != nil {
		log.Fatal(err)
	}
	ready := func(w http.ResponseWriter, _ *http.Request) {
		if err := v.Ready(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	}
	w := httptest.NewRecorder()
	ready(w, nil)
	fmt.Print(w.Code, " ", w.Body)
	// Output:
	// 503 verify: not ready
}
