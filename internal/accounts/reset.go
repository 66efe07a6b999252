package accounts

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

const (
	resetPrefix = "apr_"
	resetLife   = 30 * time.Minute
)

// resetToken is the one-time token that an operator's mailer sends: apr_ and base64url of id and secret.
type resetToken struct {
	id     tokens.ResetID
	secret [32]byte
}

func (t *resetToken) text() auth.Secret {
	raw := append(t.id[:], t.secret[:]...)
	return auth.NewSecret(resetPrefix + base64.RawURLEncoding.EncodeToString(raw))
}

// parseResetToken takes exactly one text for each token.
func parseResetToken(text string) (t resetToken, ok bool) {
	encoded, ok := strings.CutPrefix(text, resetPrefix)
	if !ok || len(encoded) != base64.RawURLEncoding.EncodedLen(len(t.id)+len(t.secret)) {
		return t, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil || len(raw) != len(t.id)+len(t.secret) { // the decoder skips line breaks
		return t, false
	}
	t.id, t.secret = tokens.ResetID(raw[:16]), [32]byte(raw[16:])
	return t, true
}

// opens reports whether the token is the one that the row was made with, and may still be spent.
func (t *resetToken) opens(row *Reset, clock time.Time) bool {
	hash := sha256.Sum256(t.secret[:])
	genuine := subtle.ConstantTimeCompare(hash[:], row.SecretHash[:]) == 1
	return genuine && clock.Before(row.ExpiresAt) && row.Epoch == row.User.Epoch
}

// IssueReset makes a token that sets a new password of a user, once, within 30 minutes. It replaces any
// token that was made before, and nothing else changes until it is spent.
func (a *Accounts) IssueReset(ctx context.Context, id auth.UserID, from tokens.Origin) (token auth.Secret, expires time.Time, err error) {
	var t resetToken
	if _, err := io.ReadFull(a.Random, t.id[:]); err != nil {
		return token, expires, fmt.Errorf("make a reset token: %w", err)
	}
	if _, err := io.ReadFull(a.Random, t.secret[:]); err != nil {
		return token, expires, fmt.Errorf("make a reset token: %w", err)
	}
	err = a.Sessions.Change(ctx, id, tokens.Deed{Name: audit.ResetIssued, Origin: from,
		Decide: func(m *tokens.Moment) (tokens.UserChange, bool, error) {
			expires = m.Clock.Add(resetLife)
			return tokens.UserChange{Reset: &tokens.PasswordReset{
				ID: t.id, SecretHash: sha256.Sum256(t.secret[:]), Epoch: m.User.Epoch, CreatedAt: m.Clock, ExpiresAt: expires,
			}}, true, nil
		}})
	if err != nil {
		return auth.Secret{}, time.Time{}, err
	}
	return t.text(), expires, nil
}

// ResetPassword spends a token: it sets the password and ends every session in one transaction. Who was
// disabled stays so. [ErrWeakPassword] leaves the token as it is; [ErrResetTokenInvalid] is the one answer
// to a token that is wrong, expired, replaced or spent, until there are too many from one source:
// [ErrTooManyAttempts].
func (a *Accounts) ResetPassword(ctx context.Context, text, typed string, from tokens.Origin) error {
	t, wellFormed := parseResetToken(text)
	row, open, err := a.openReset(ctx, &t, wellFormed)
	if err != nil {
		return err
	}
	// The rules come first. Only who holds the token is told that a password has the name in it.
	normalised, err := a.check(typed, row.User.Username, "/new_password")
	if err != nil {
		return err
	}
	if !open {
		return a.refuseReset(ctx, from)
	}
	hash, err := a.hashNew(ctx, normalised)
	if err != nil {
		return err
	}
	return a.spendReset(ctx, &t, hash, from)
}

// openReset reads the row of a token. Whatever is the matter with the token, the row comes out empty.
func (a *Accounts) openReset(ctx context.Context, t *resetToken, wellFormed bool) (row Reset, open bool, err error) {
	if !wellFormed {
		return Reset{}, false, nil
	}
	row, clock, found, err := a.Store.ResetByID(ctx, t.id)
	if err != nil || !found || !t.opens(&row, clock) {
		return Reset{}, false, err
	}
	return row, true, nil
}

// spendAttempts is how often a user may change between reading the token's row and spending it.
const spendAttempts = 10

// spendReset reads the token's row anew and changes the user as of that reading. Two who spend one token
// read the same version of the user: one is too late, reads again, and finds the token gone.
func (a *Accounts) spendReset(ctx context.Context, t *resetToken, hash string, from tokens.Origin) error {
	ctx, cancel := detached(ctx)
	defer cancel()
	for range spendAttempts {
		row, open, err := a.openReset(ctx, t, true)
		if err != nil {
			return err
		}
		if !open {
			return a.refuseReset(ctx, from)
		}
		err = a.Sessions.Change(ctx, row.User.ID, tokens.Deed{Name: audit.PasswordSet, Reason: audit.PasswordReset, Origin: from,
			Decide: func(m *tokens.Moment) (change tokens.UserChange, _ bool, err error) {
				if m.User.RowVersion != row.RowVersion {
					return change, false, tokens.ErrUserChanged
				}
				return tokens.UserChange{PasswordHash: hash, RaiseEpoch: true, SpendReset: t.id}, true, nil
			}})
		if !errors.Is(err, tokens.ErrUserChanged) && !errors.Is(err, ErrUserNotFound) {
			return err
		}
	}
	return auth.ErrUnavailable
}

// refuseReset counts at the source. A token that opens something is never held against it: nobody guesses
// 32 random bytes, and who holds one need not wait for a guesser next door.
func (a *Accounts) refuseReset(ctx context.Context, from tokens.Origin) error {
	if err := a.countAtSource(ctx, from); err != nil {
		return err
	}
	a.Record(ctx, audit.Event{Name: audit.ResetRefused, Actor: from.Actor, Address: from.Address, UserAgent: from.UserAgent})
	return ErrResetTokenInvalid
}
