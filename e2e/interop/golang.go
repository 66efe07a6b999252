//go:build unix

package main

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"github.com/lestrrat-go/httprc/v3"
	"github.com/lestrrat-go/jwx/v3/jwk"
	jwxt "github.com/lestrrat-go/jwx/v3/jwt"
)

// inGo is the software that is linked into this program.
var inGo = []software{
	{name: "coreos/go-oidc, by discovery", version: of("github.com/coreos/go-oidc/v3"), start: startOIDC},
	{name: "golang-jwt with MicahParks/keyfunc", version: of("github.com/golang-jwt/jwt/v5", "github.com/MicahParks/keyfunc/v3"), start: startKeyfunc},
	{name: "lestrrat-go/jwx with jwk.Cache", version: of("github.com/lestrrat-go/jwx/v3"), start: startJWX,
		note: "never looks for a key that it does not know: `jwk.WithMinInterval` of a second lets it go by our `max-age`"},
}

// of reads the versions of modules that this program was built with.
func of(modules ...string) func() string {
	return func() (versions string) {
		info, _ := debug.ReadBuildInfo()
		for _, module := range modules {
			for _, dep := range info.Deps {
				if dep.Path == module {
					if versions != "" {
						versions += ", "
					}
					versions += dep.Version
				}
			}
		}
		return versions
	}
}

// startOIDC takes everything, the algorithms too, from the metadata.
func startOIDC(ctx context.Context, d *deployment) (verifier, error) {
	provider, err := oidc.NewProvider(ctx, d.issuer)
	if err != nil {
		return nil, err
	}
	v := provider.VerifierContext(ctx, &oidc.Config{ClientID: audience})
	return verifyFunc(func(ctx context.Context, token string) error {
		_, err := v.Verify(ctx, token)
		return err
	}), nil
}

func startKeyfunc(ctx context.Context, d *deployment) (verifier, error) {
	keys, err := keyfunc.NewDefaultCtx(ctx, []string{d.issuer + "/.well-known/jwks.json"})
	if err != nil {
		return nil, err
	}
	parser := jwt.NewParser(jwt.WithIssuer(d.issuer), jwt.WithAudience(audience), jwt.WithExpirationRequired(),
		jwt.WithValidMethods([]string{d.alg}))
	return verifyFunc(func(ctx context.Context, token string) error {
		_, err := parser.Parse(token, keys.KeyfuncCtx(ctx))
		return err
	}), nil
}

func startJWX(ctx context.Context, d *deployment) (verifier, error) {
	cache, err := jwk.NewCache(ctx, httprc.NewClient())
	if err != nil {
		return nil, err
	}
	address := d.issuer + "/.well-known/jwks.json"
	if err := cache.Register(ctx, address, jwk.WithMinInterval(time.Second)); err != nil {
		return nil, err
	}
	keys, err := cache.CachedSet(address)
	if err != nil {
		return nil, err
	}
	return verifyFunc(func(_ context.Context, token string) error {
		t, err := jwxt.Parse([]byte(token), jwxt.WithKeySet(keys), jwxt.WithIssuer(d.issuer), jwxt.WithAudience(audience))
		if err == nil && t == nil {
			err = errors.New("no token")
		}
		return err
	}), nil
}
