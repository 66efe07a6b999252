package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/password"
	"github.com/authd/authd/internal/tokens"
)

type usersCmd struct {
	Create usersCreateCmd `cmd:"" help:"Make a user. The password is read from standard input, or asked for on a terminal."`
	List   usersListCmd   `cmd:"" help:"List all users by name."`
	Passwd usersPasswdCmd `cmd:"" help:"Set a user's password, read as by create, and end all sessions of the user."`
}

// userSettings is what the commands on users need to know. They open the store beside a running server.
type userSettings struct {
	storeSettings
	masterKeySettings
	passwordSettings
}

func (s *userSettings) settle(f *faults) {
	s.storeSettings.settle(f)
	s.masterKeySettings.settle(f, s.postgres())
}

// with runs do on the accounts of the store.
func (s *userSettings) with(ctx context.Context, do func(context.Context, *accounts.Accounts) error) (err error) {
	st, err := s.openExisting(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	// A server may be running beside this: its schema is not changed under it.
	if err := bringUp(ctx, st, false); err != nil {
		return err
	}
	keys := s.masterKeys
	if len(keys) == 0 {
		if keys, err = (dataDir{s.DataDir}).readMasterKeys(); err != nil {
			return err
		}
	}
	// Nothing is signed here, so the shortest lifetimes are said, which raise nothing in the store.
	ring, err := openKeyring(ctx, st, keys, tokenSettings{AccessTTL: time.Second, JWKSMaxAge: time.Second})
	if err != nil {
		return err
	}
	record := audit.NewCommand(st, time.Now, rand.Reader)
	users, hasher, err := s.accounts(st, ring, record.Record)
	if err != nil {
		return err
	}
	hashing, stop := context.WithCancel(ctx)
	g, hashing := errgroup.WithContext(hashing)
	g.Go(func() error { return hasher.Run(hashing) })
	err = do(ctx, users)
	stop()
	return errors.Join(err, g.Wait(), unrecorded(record))
}

// accounts builds the accounts and the hasher that must run meanwhile.
func (s *userSettings) accounts(st store, ring *tokens.Keyring, record audit.Sink) (*accounts.Accounts, *password.Hasher, error) {
	hasher, err := password.New(password.Config{Cost: s.BcryptCost, Workers: runtime.GOMAXPROCS(0),
		Peppers: accounts.Peppers{Keyring: ring}, Random: rand.Reader, Now: time.Now})
	if err != nil {
		return nil, nil, err
	}
	// Sessions are only ended here. Who opens one says what tokens are to look like; this does not.
	const nobody = "authd users"
	sessions, err := tokens.New(tokens.Config{Store: st, Keyring: ring, Issuer: nobody, Audience: []string{nobody},
		Policy: tokens.Policy{AccessTTL: time.Second, RefreshIdleTTL: time.Second, SessionTTL: time.Second, RetryWindow: time.Second, PerUser: 1},
		Random: rand.Reader, Now: time.Now, Record: record})
	if err != nil {
		return nil, nil, err
	}
	users, err := accounts.New(accounts.Config{Store: st, Sessions: sessions, Hasher: hasher,
		Policy: password.Policy{MinLength: s.PasswordMinLength}, Cost: s.BcryptCost, Now: time.Now, Random: rand.Reader, Record: record})
	return users, hasher, err
}

// byCommand is the origin of what a command does.
var byCommand = tokens.Origin{Actor: audit.CLI}

type usersCreateCmd struct {
	userSettings
	Username string `arg:"" help:"Name to sign in by; an e-mail address is fine."`
}

// Run makes the user and prints the name, as mapped, and the id.
func (c *usersCreateCmd) Run(ctx context.Context, p process) error {
	typed, err := readPassword(p)
	if err != nil {
		return err
	}
	return c.with(ctx, func(ctx context.Context, users *accounts.Accounts) error {
		user, err := users.Create(ctx, c.Username, typed.Reveal(), byCommand)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "made %s, %s\n", user.Username, user.ID)
		return err
	})
}

type usersPasswdCmd struct {
	userSettings
	User string `arg:"" help:"Username or id."`
}

// Run sets the password.
func (c *usersPasswdCmd) Run(ctx context.Context, p process) error {
	typed, err := readPassword(p)
	if err != nil {
		return err
	}
	return c.with(ctx, func(ctx context.Context, users *accounts.Accounts) error {
		user, err := users.Find(ctx, c.User)
		if err != nil {
			return err
		}
		if err := users.SetPassword(ctx, user, typed.Reveal(), byCommand); err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "set the password of %s and ended all sessions\n", user.Username)
		return err
	})
}

type usersListCmd struct{ userSettings }

// Run prints a line a user.
func (c *usersListCmd) Run(ctx context.Context, p process) error {
	return c.with(ctx, func(ctx context.Context, users *accounts.Accounts) error {
		table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "USERNAME\tID\tCREATED\tSTATE\tROLES")
		const page = 500
		for after := ""; ; {
			list, err := users.List(ctx, after, page)
			if err != nil {
				return err
			}
			for _, user := range list {
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", user.Username, user.ID,
					user.CreatedAt.Format(time.RFC3339), stateOf(user), strings.Join(user.Roles, ","))
				after = user.Username
			}
			if len(list) < page {
				return table.Flush()
			}
		}
	})
}

func stateOf(user accounts.User) string {
	if user.DisabledAt.IsZero() {
		return "enabled"
	}
	return "disabled"
}
