//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// grants is what an unmodified OAuth client came to. A nil member is something that the library does not do.
type grants struct {
	Version     string
	Refresh     *bool // the refresh grant, twice in a row, as the client of sessions
	Credentials *bool // the grant of a machine, limited to a scope
	Introspect  *bool
	Revoke      *bool // of a refresh token, which ends its session
	Refused     *bool // a wrong secret is told as such
	Reason      string
}

func (g *grants) err() error {
	for what, ok := range map[string]*bool{"refresh": g.Refresh, "client credentials": g.Credentials,
		"introspection": g.Introspect, "revocation": g.Revoke, "wrong secret": g.Refused} {
		if ok != nil && !*ok {
			return fmt.Errorf("%s: not as expected %s", what, g.Reason)
		}
	}
	if g.Reason != "" {
		return errors.New(g.Reason)
	}
	return nil
}

// client is an OAuth client library.
type client struct {
	name string
	try  func(ctx context.Context, d *deployment) (grants, error)
}

// clientProgram is a client in another language, which answers one line.
func clientProgram(name, folder string, command ...string) client {
	return client{name, func(ctx context.Context, d *deployment) (g grants, err error) {
		var said bytes.Buffer
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Dir, cmd.Env, cmd.Stderr = folder, append(os.Environ(), d.facts()...), &said
		out, err := cmd.Output()
		if err != nil {
			return g, fmt.Errorf("%w: %s", err, &said)
		}
		return g, json.Unmarshal(out, &g)
	}}
}

var oauth2InGo = client{"golang.org/x/oauth2", tryOAuth2}

func tryOAuth2(ctx context.Context, d *deployment) (grants, error) {
	g := grants{Version: of("golang.org/x/oauth2")()}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Timeout: patience})
	endpoint := oauth2.Endpoint{TokenURL: d.issuer + "/oauth/token"}
	ours := oauth2.Config{ClientID: "authd", Endpoint: endpoint}
	first, err := ours.TokenSource(ctx, &oauth2.Token{RefreshToken: d.session.Refresh}).Token()
	if err != nil {
		return g, fmt.Errorf("refresh: %w", err)
	}
	second, err := ours.TokenSource(ctx, &oauth2.Token{RefreshToken: first.RefreshToken}).Token()
	if err != nil {
		return g, fmt.Errorf("refresh again: %w", err)
	}
	g.Refresh = truth(second.RefreshToken != first.RefreshToken && second.Valid())

	machine := clientcredentials.Config{ClientID: d.machine.ID, ClientSecret: d.machine.Secret, TokenURL: endpoint.TokenURL,
		Scopes: []string{scope}}
	got, err := machine.Token(ctx)
	if err != nil {
		return g, fmt.Errorf("client credentials: %w", err)
	}
	g.Credentials = truth(got.Valid() && got.RefreshToken == "" && got.Extra("scope") == scope)
	machine.ClientSecret = "wrong"
	_, err = machine.Token(ctx)
	refused := (*oauth2.RetrieveError)(nil)
	g.Refused = truth(errors.As(err, &refused) && refused.ErrorCode == "invalid_client")
	return g, nil
}

func truth(b bool) *bool { return &b }
