package accounts

import (
	"context"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/tokens"
)

// exportPage is how many users are read at a time.
const exportPage = 1000

// Export hands every user to each, by name, and stops at its first error. The hashes are empty unless they
// are asked for. It is told before the first user is read: who takes all hashes along should not be able to
// do it unseen by losing the connection.
//
// Users come and go meanwhile. Names never change, so who is there from the beginning to the end is handed
// out once.
func (a *Accounts) Export(ctx context.Context, hashes bool, from tokens.Origin, each func(Credentials) error) error {
	what := "without hashes"
	if hashes {
		what = "with hashes"
	}
	a.Record(ctx, audit.Event{Name: audit.UsersExported, Actor: from.Actor, Subject: what, Address: from.Address, UserAgent: from.UserAgent})
	for after := ""; ; {
		page, err := a.Store.CredentialsAfter(ctx, after, exportPage)
		if err != nil {
			return err
		}
		for _, c := range page {
			if after = c.Username; !hashes {
				c.PasswordHash = ""
			}
			if err := each(c); err != nil {
				return err
			}
		}
		if len(page) < exportPage {
			return nil
		}
	}
}
