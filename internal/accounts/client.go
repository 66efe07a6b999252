package accounts

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// Client is a machine that proves itself by a secret.
type Client struct {
	ID        auth.ClientID
	Name      string     // for people; two may have the same
	Scopes    []string   // what its tokens may be asked for
	Audiences []string   // who its tokens may be for; none: whoever this service's are for
	Epoch     auth.Epoch // of its tokens; those below are dead
	CreatedAt time.Time
	// ProvenAt is the store's clock when the secret was proven: the same reading that the epoch is of. Zero
	// if none was.
	ProvenAt time.Time
}

// NewClient is what an operator says of a client that is to be made.
type NewClient struct {
	Name      string
	Scopes    []string
	Audiences []string
}

const (
	clientSecretPrefix = "acs_"
	clientSecretBytes  = 32
)

// CreateClient makes a client for an operator, and the secret that it proves itself by. Of the secret only
// a hash is kept: it is returned here and never again. [ErrClientNameInvalid], [ErrScopesInvalid],
// [ErrAudiencesInvalid].
func (a *Accounts) CreateClient(ctx context.Context, n NewClient, from tokens.Origin) (Client, auth.Secret, error) {
	if err := n.validate(); err != nil {
		return Client{}, auth.Secret{}, err
	}
	id, err := auth.NewClientID(a.Now(), a.Random)
	if err != nil {
		return Client{}, auth.Secret{}, fmt.Errorf("make a client id: %w", err)
	}
	var secret [clientSecretBytes]byte
	if _, err := io.ReadFull(a.Random, secret[:]); err != nil {
		return Client{}, auth.Secret{}, fmt.Errorf("make a client's secret: %w", err)
	}
	client := Client{ID: id, Name: n.Name, Scopes: n.Scopes, Audiences: n.Audiences}
	ctx, cancel := detached(ctx)
	defer cancel()
	client.CreatedAt, err = a.Store.CreateClient(ctx, ClientCredentials{client, sha256.Sum256(secret[:])})
	if err != nil {
		return Client{}, auth.Secret{}, err
	}
	a.recordClient(ctx, audit.ClientCreated, id, from)
	return client, textOfSecret(secret), nil
}

// Clients lists at most limit clients in the order in which they were made, those after the given id. Zero:
// from the first.
func (a *Accounts) Clients(ctx context.Context, after auth.ClientID, limit int) ([]Client, error) {
	return a.Store.Clients(ctx, after, limit)
}

// Client returns one client. [ErrClientNotFound] if there is none.
func (a *Accounts) Client(ctx context.Context, id auth.ClientID) (Client, error) {
	c, _, found, err := a.Store.ClientByID(ctx, id)
	if err == nil && !found {
		err = ErrClientNotFound
	}
	return c.Client, err
}

// RevokeClient kills every token of a client, which may ask for new ones at once. [ErrClientNotFound].
func (a *Accounts) RevokeClient(ctx context.Context, id auth.ClientID, from tokens.Origin) error {
	if err := a.Sessions.RevokeClient(ctx, id); err != nil {
		return err
	}
	a.recordClient(ctx, audit.ClientRevoked, id, from)
	return nil
}

// DeleteClient removes a client. Its tokens are dead everywhere, those too that were asked for while this
// went on: the epoch is raised in the same transaction. [ErrClientNotFound].
func (a *Accounts) DeleteClient(ctx context.Context, id auth.ClientID, from tokens.Origin) error {
	if err := a.Sessions.DeleteClient(ctx, id); err != nil {
		return err
	}
	a.recordClient(ctx, audit.ClientDeleted, id, from)
	return nil
}

// AuthenticateClient returns the client that an id and a secret belong to. [ErrClientInvalid] is the one
// answer to whatever is wrong with them, at the same cost: one read, one hash and one comparison. No
// guessing is slowed down, because nobody guesses 256 random bits.
func (a *Accounts) AuthenticateClient(ctx context.Context, id, secret string, from tokens.Origin) (Client, error) {
	// An id that cannot be is looked up all the same, as one that nobody has.
	asked, wellFormed := parseClientID(id)
	shown, genuine := parseClientSecret(secret)
	c, clock, found, err := a.Store.ClientByID(ctx, asked)
	if err != nil {
		return Client{}, err
	}
	hash := sha256.Sum256(shown[:])
	same := subtle.ConstantTimeCompare(hash[:], c.SecretHash[:]) == 1
	if !same || !wellFormed || !genuine || !found {
		if !found {
			asked = auth.ClientID{} // what was typed is not recorded: it may be a secret in the wrong field
		}
		a.recordClient(ctx, audit.ClientRefused, asked, from)
		return Client{}, ErrClientInvalid
	}
	c.ProvenAt = clock
	return c.Client, nil
}

// parseClientID takes the one spelling of an id that tokens have. The reserved client of sessions, authd,
// is no id, and so nothing proves to be it.
func parseClientID(text string) (auth.ClientID, bool) {
	id, err := auth.ParseClientID(text)
	if err != nil || id.String() != text {
		return auth.ClientID{}, false
	}
	return id, true
}

func textOfSecret(secret [clientSecretBytes]byte) auth.Secret {
	return auth.NewSecret(clientSecretPrefix + base64.RawURLEncoding.EncodeToString(secret[:]))
}

// parseClientSecret takes exactly one text for each secret.
func parseClientSecret(text string) (secret [clientSecretBytes]byte, ok bool) {
	encoded, ok := strings.CutPrefix(text, clientSecretPrefix)
	if !ok || len(encoded) != base64.RawURLEncoding.EncodedLen(len(secret)) {
		return secret, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil || len(raw) != len(secret) { // the decoder skips line breaks
		return secret, false
	}
	return [clientSecretBytes]byte(raw), true
}

func (a *Accounts) recordClient(ctx context.Context, name audit.Name, id auth.ClientID, from tokens.Origin) {
	e := audit.Event{Name: name, Actor: from.Actor, Address: from.Address, UserAgent: from.UserAgent}
	if !id.IsZero() {
		e.Subject = id.String()
	}
	a.Record(ctx, e)
}
