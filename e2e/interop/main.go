//go:build unix

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// algorithms are those that authd signs with.
var algorithms = []string{"ES256", "EdDSA", "RS256"}

// elsewhere is the software in other languages, run in the folders of this package.
var elsewhere = []software{
	checker("jose (Node)", nil, "looks for a key that it does not know at most every 30 s", "node", "node", "jose.mjs"),
	checker("jsonwebtoken with jwks-rsa (Node)", map[string]string{"EdDSA": `Unknown key type "ed25519"`}, "", "node", "node", "jsonwebtoken.mjs"),
	checker("express-oauth2-jwt-bearer (Node)", nil, "finds the key set by discovery", "node", "node", "express.mjs"),
	checker("@fastify/jwt with get-jwks (Node)", map[string]string{"EdDSA": `Unsupported key type \"OKP\"`},
		"with `requiredClaims: ['aud', 'exp']`: it checks an audience only where there is one", "node", "node", "fastify.mjs"),
	checker("PyJWT (Python)", nil, "", "python", "/usr/bin/python3", "pyjwt.py"),
	checker("Authlib (Python)", nil, "fetches again when told to: five lines of the service", "python", "/usr/bin/python3", "authlib_jose.py"),
	gateway("Apache with mod_auth_openidc, key set", map[string]string{"EdDSA": "cjose_jws_import failed: invalid argument"}, "", "apache/httpd.conf"),
	gateway("Apache with mod_auth_openidc, introspection", nil, "with `OIDCOAuthTokenIntrospectionInterval -1`, which keeps no answer", "apache/introspection.conf"),
}

// clients are OAuth client libraries.
var clients = []client{
	oauth2InGo,
	clientProgram("openid-client (Node)", "node", "node", "openid-client.mjs"),
	clientProgram("Authlib (Python)", "python", "/usr/bin/python3", "authlib_client.py"),
}

func main() {
	file := flag.String("o", "", "write the table to this file too")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, done := context.WithTimeout(ctx, 10*time.Minute)
	defer done()
	if err := run(ctx, *file, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, file string, out io.Writer) (err error) {
	t := &table{all: append(append([]software(nil), inGo...), elsewhere...), clients: clients}
	if err := t.fill(ctx); err != nil {
		return err
	}
	text := t.String()
	fmt.Fprint(out, text)
	if file != "" {
		err = os.WriteFile(file, []byte(text), 0o644)
	}
	return errors.Join(err, t.failed())
}

// table is all results.
type table struct {
	all     []software
	results [][]result // by algorithm, in the order of all
	clients []client
	grants  []grants
}

// fill starts an authd for each algorithm, and asks all software about all of them at once.
func (t *table) fill(ctx context.Context) (err error) {
	folder, err := os.MkdirTemp("", "authd-interop-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if err := os.Chmod(folder, 0o711); err != nil { // a gateway that gave up root reads below it
		return err
	}
	program, err := build(ctx, folder)
	if err != nil {
		return err
	}
	var deployments []*deployment
	for _, alg := range algorithms {
		d, err := deploy(ctx, program, folder, alg)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, d.stop()) }()
		deployments = append(deployments, d)
	}
	if err := t.examineAll(ctx, deployments); err != nil {
		return err
	}
	return t.tryAll(ctx, deployments[0])
}

func (t *table) examineAll(ctx context.Context, deployments []*deployment) error {
	ctx, done := context.WithCancel(ctx) // of the checkers
	defer done()
	t.results = make([][]result, len(deployments))
	g, ctx := errgroup.WithContext(ctx)
	for at, d := range deployments {
		foreign := deployments[(at+1)%len(deployments)].session.Access
		g.Go(func() (err error) {
			e := &examiner{d: d, foreign: foreign, all: t.all, turns: true}
			t.results[at], err = e.examine(ctx)
			return err
		})
	}
	return g.Wait()
}

// tryAll has every client go through the grants, each with a session of its own.
func (t *table) tryAll(ctx context.Context, d *deployment) error {
	t.grants = make([]grants, len(t.clients))
	for i, c := range t.clients {
		if err := d.signIn(ctx); err != nil {
			return err
		}
		g, err := c.try(ctx, d)
		if err != nil {
			g.Reason = err.Error()
		}
		t.grants[i] = g
	}
	return nil
}
