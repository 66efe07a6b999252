package accounts_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/authd/authd/internal/accounts"
	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/password"
	"github.com/authd/authd/internal/revocation"
	"github.com/authd/authd/internal/store/everystore"
	"github.com/authd/authd/internal/tokens"
)

const good = "correct horse battery"

var nowhere tokens.Origin

// house is accounts with all that they stand on, running.
type house struct {
	*accounts.Accounts
	t        testing.TB
	sessions *tokens.Sessions
	store    everystore.Store
	follower *revocation.Follower

	mu     sync.Mutex
	events []audit.Event
}

func (h *house) record(_ context.Context, e audit.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

func (h *house) count(name audit.Name) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.events {
		if e.Name == name {
			n++
		}
	}
	return n
}

// build starts a house at a bcrypt cost. change may alter its configuration.
func build(t testing.TB, open everystore.Database, cost int, change ...func(*accounts.Config)) *house {
	t.Helper()
	h := &house{t: t, store: open(t)}
	keyring, err := tokens.OpenKeyring(t.Context(), tokens.KeyringConfig{
		Store: h.store, MasterKeys: [][]byte{make([]byte, tokens.MasterKeyBytes)}, AccessTTL: time.Minute,
		JWKSMaxAge: time.Minute, Alg: tokens.ES256, Random: rand.Reader, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	h.follower = everystore.Follow(t, h.store) // of a feed that has a head, which the keyring made
	h.sessions, err = tokens.New(tokens.Config{
		Store: h.store, Keyring: keyring, Live: h.follower, Issuer: "https://issuer.test", Audience: []string{"api"},
		Policy: tokens.Policy{AccessTTL: time.Minute, RefreshIdleTTL: time.Hour, SessionTTL: time.Hour,
			RetryWindow: time.Minute, PerUser: 100},
		Random: rand.Reader, Now: time.Now, Record: h.record,
	})
	if err != nil {
		t.Fatal(err)
	}
	hasher, err := password.New(password.Config{Cost: cost, Workers: 2, Peppers: accounts.Peppers{Keyring: keyring},
		Random: rand.Reader, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	c := accounts.Config{Store: h.store, Sessions: h.sessions, Hasher: hasher, Cost: cost, Now: time.Now,
		Random: rand.Reader, Record: h.record}
	for _, alter := range change {
		alter(&c)
	}
	if h.Accounts, err = accounts.New(c); err != nil {
		t.Fatal(err)
	}
	run(t, hasher.Run, h.sessions.Run)
	return h
}

// run runs loops until the test ends.
func run(t testing.TB, loops ...func(context.Context) error) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for _, loop := range loops {
		wg.Go(func() {
			if err := loop(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() { cancel(); wg.Wait() })
}

// onBoth runs a claim in a house on each store, at the least cost.
func onBoth(t *testing.T, claim func(t *testing.T, h *house)) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		claim(t, build(t, open, bcrypt.MinCost))
	})
}

func (h *house) register(name, typed string) accounts.User {
	h.t.Helper()
	user, err := h.Register(h.t.Context(), name, typed, nowhere)
	if err != nil {
		h.t.Fatalf("register %q: %v", name, err)
	}
	return user
}

func (h *house) login(name, typed string) (tokens.Pair, error) {
	return h.Login(h.t.Context(), accounts.Login{Username: name, Password: typed})
}

// opens says that a name and a password open a session.
func (h *house) opens(name, typed string) tokens.Pair {
	h.t.Helper()
	pair, err := h.login(name, typed)
	if err != nil {
		h.t.Errorf("login of %q: %v", name, err)
	}
	return pair
}

// refuses says that they do not, with the one answer that every cause has.
func (h *house) refuses(why, name, typed string) {
	h.t.Helper()
	if _, err := h.login(name, typed); err != accounts.ErrInvalidCredentials {
		h.t.Errorf("%s: got %v, want %v", why, err, accounts.ErrInvalidCredentials)
	}
}

func TestWhoRegistersCanSignIn(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		user := h.register("Ann@Example.com", good)
		if user.Username != "ann@example.com" {
			t.Errorf("got %q, want the mapped name", user.Username)
		}
		for _, name := range []string{"ann@example.com", "ANN@EXAMPLE.COM", "ａｎｎ@example.com"} { // E22
			h.opens(name, good)
		}
		got, err := h.User(t.Context(), user.ID)
		if err != nil || got.Username != user.Username || !got.CreatedAt.Equal(user.CreatedAt) {
			t.Errorf("got %+v, %v; want %+v", got, err, user)
		}
	})
}

func TestE8EveryCauseOfARefusedLoginIsOneAnswer(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		h.register("ann", good)
		h.refuses("a wrong password", "ann", good+"!")
		h.refuses("nobody", "bob", good)
		h.refuses("a name that nobody can have", "a b", good)
		h.refuses("no name", "", good)
		h.refuses("a name of a megabyte", strings.Repeat("a", 1<<20), good)
		h.refuses("no password", "ann", "")
		h.refuses("a password with a control character", "ann", good+"\x00")
		h.refuses("a password that is not text", "ann", good+"\xff")
		if got := h.count(audit.LoginFailed); got != 8 {
			t.Errorf("got %d failures recorded, want 8", got)
		}
	})
}

func TestADisabledUserIsRefusedLikeAnybodyElse(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		hash, err := bcrypt.GenerateFromPassword([]byte(good), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		h.put(accounts.User{Username: "ann", DisabledAt: time.Now().Truncate(time.Microsecond)}, string(hash))
		h.refuses("disabled", "ann", good)
	})
}

// put stores a user with a hash as an import would.
func (h *house) put(user accounts.User, hash string) {
	h.t.Helper()
	var err error
	if user.ID, err = auth.NewUserID(time.Now(), rand.Reader); err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.store.CreateUser(h.t.Context(), user, hash); err != nil {
		h.t.Fatal(err)
	}
}

func TestE1EveryByteOfALongPasswordCounts(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		long := strings.Repeat("0123456789 ", 7)[:72]
		h.register("ann", long+"X")
		h.refuses("another 73rd byte", "ann", long+"Y")
		h.refuses("the first 72 bytes", "ann", long)
		h.opens("ann", long+"X")
	})
}

func TestE4OnePasswordInTwoUnicodeFormsIsOne(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		h.register("ann", "caf\u00e9 au lait")
		h.opens("ann", "cafe\u0301 au lait")
		h.opens("ann", "caf\u00e9\u00a0au\u3000lait")
	})
}

func TestAnImportedHashBecomesOursAtTheNextLogin(t *testing.T) { // E11
	onBoth(t, func(t *testing.T, h *house) {
		sum, err := bcrypt.GenerateFromPassword([]byte(good), bcrypt.MinCost+1)
		if err != nil {
			t.Fatal(err)
		}
		for _, scheme := range []string{"$2a", "$2b", "$2y"} {
			name := "ann" + scheme[1:]
			h.put(accounts.User{Username: name}, scheme+string(sum[3:]))
			h.refuses("a wrong password", name, good+"!")
			h.opens(name, good)
			c, _, _, err := h.store.CredentialsByName(t.Context(), name)
			if err != nil || strings.HasPrefix(c.PasswordHash, scheme) {
				t.Errorf("got hash %q, %v; want one of ours", c.PasswordHash, err)
			}
			h.opens(name, good)
		}
	})
}

func TestACorruptHashIsAWrongPassword(t *testing.T) { // E11
	onBoth(t, func(t *testing.T, h *house) {
		for k, hash := range []string{"x", "$2a$", "$2a$99$" + strings.Repeat("a", 53), "$authd$"} {
			name := fmt.Sprint("ann", k)
			h.put(accounts.User{Username: name}, hash)
			h.refuses("hash "+hash, name, good)
		}
	})
}

func TestANewCostReachesEveryHashAndRaisesTheCeilingFirst(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		build(t, open, bcrypt.MinCost).register("ann", good)
		later := build(t, open, bcrypt.MinCost+2)
		later.opens("ann", good)
		c, greatest, _, err := later.store.CredentialsByName(t.Context(), "ann")
		if cost, ok := password.Cost(c.PasswordHash); err != nil || !ok || cost != bcrypt.MinCost+2 || greatest != cost {
			t.Errorf("got cost %d, greatest %d, %v", cost, greatest, err)
		}
		later.opens("ann", good)
	})
}

func TestANameHasOneOwner(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		h.register("ann", good)
		for _, name := range []string{"ann", "Ann", "ａnn"} {
			if _, err := h.Register(t.Context(), name, good, nowhere); !errors.Is(err, accounts.ErrUsernameTaken) {
				t.Errorf("%q: got %v, want %v", name, err, accounts.ErrUsernameTaken)
			}
		}
	})
}

func TestE20AHundredWhoWantOneNameMakeOneUser(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		made := 0
		for range 100 {
			wg.Go(func() {
				_, err := h.Register(t.Context(), "ann", good, nowhere)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					made++
				case !errors.Is(err, accounts.ErrUsernameTaken) && auth.KindOf(err) != auth.Unavailable:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		users, err := h.List(t.Context(), "", 10)
		if made != 1 || err != nil || len(users) != 1 {
			t.Errorf("got %d made, %d users, %v", made, len(users), err)
		}
	})
}

func TestAWeakPasswordIsRefusedWithItsReasons(t *testing.T) { // E18
	onBoth(t, func(t *testing.T, h *house) {
		for typed, want := range map[string][]string{
			"short":       {password.ReasonTooShort},
			"12345678":    {password.ReasonCommon},
			"abc\x00def":  {password.ReasonControlCharacter}, // E3
			"margarethe1": {password.ReasonContainsUsername},
		} {
			_, err := h.Register(t.Context(), "margarethe", typed, nowhere)
			var e *auth.Error
			if !errors.As(err, &e) || e.Code != "weak_password" || !slices.Equal(e.Reasons, want) {
				t.Errorf("%q: got %+v, want reasons %v", typed, e, want)
			}
		}
		if _, err := h.Find(t.Context(), "margarethe"); !errors.Is(err, accounts.ErrUserNotFound) {
			t.Errorf("got %v: somebody was made", err)
		}
		if accounts.ErrWeakPassword.Reasons != nil {
			t.Error("the sentinel was written to")
		}
	})
}

func TestClosedRegistrationStillLetsOperatorsMakeUsers(t *testing.T) {
	t.Parallel()
	everystore.Test(t, func(t *testing.T, open everystore.Database) {
		h := build(t, open, bcrypt.MinCost, func(c *accounts.Config) { c.Closed = true })
		if _, err := h.Register(t.Context(), "ann", good, nowhere); !errors.Is(err, accounts.ErrRegistrationClosed) {
			t.Errorf("got %v", err)
		}
		if _, err := h.Create(t.Context(), "ann", good, nowhere); err != nil {
			t.Fatal(err)
		}
		h.opens("ann", good)
	})
}

func TestASetPasswordEndsEverySessionAndTheOldPassword(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		user := h.register("ann", good)
		pair := h.opens("ann", good)
		if err := h.SetPassword(t.Context(), user, "another good one", nowhere); err != nil {
			t.Fatal(err)
		}
		h.refuses("the old password", "ann", good)
		h.opens("ann", "another good one")
		if _, err := h.sessions.Refresh(t.Context(), pair.RefreshToken, nowhere); !errors.Is(err, tokens.ErrSessionRevoked) {
			t.Errorf("got %v", err)
		}
		if err := h.SetPassword(t.Context(), user, "short", nowhere); auth.KindOf(err) != auth.WeakPassword {
			t.Errorf("got %v", err)
		}
	})
}

func TestAUserIsFoundByNameAndByBothFormsOfTheID(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		user := h.register("ann", good)
		for _, key := range []string{"ann", "ANN", user.ID.String(), auth.SessionID(user.ID).String()} {
			if got, err := h.Find(t.Context(), key); err != nil || got.ID != user.ID {
				t.Errorf("%q: got %v, %v", key, got.ID, err)
			}
		}
		named := h.register("aaaaaaaaaaaaaaaaaaaaaw", good) // which is the text of an id, too
		if got, err := h.Find(t.Context(), named.Username); err != nil || got.ID != named.ID {
			t.Errorf("a name like an id: got %v, %v", got.ID, err)
		}
		for _, key := range []string{"", "bob", "a b", auth.UserID{}.String()} {
			if _, err := h.Find(t.Context(), key); !errors.Is(err, accounts.ErrUserNotFound) {
				t.Errorf("%q: got %v", key, err)
			}
		}
	})
}

// A token for the victim's password would go to whoever asked for it under the victim's id.
func TestAnIDThatSomebodyTookForANameNamesNobody(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		victim := h.register("ann", good)
		mallory := h.register(victim.ID.String(), good)
		if got, err := h.Find(t.Context(), mallory.Username); !errors.Is(err, accounts.ErrUserAmbiguous) {
			t.Errorf("got %v, %v, want a refusal", got.ID, err)
		}
		for key, want := range map[string]auth.UserID{
			"ann": victim.ID, auth.SessionID(victim.ID).String(): victim.ID, mallory.ID.String(): mallory.ID,
		} {
			if got, err := h.Find(t.Context(), key); err != nil || got.ID != want {
				t.Errorf("%q: got %v, %v, want %v", key, got.ID, err, want)
			}
		}
	})
}

// E23: the name is not part of what is hashed, so a long one does not push the password out of it.
func TestE23ALongUsernameDoesNotWeakenThePassword(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		name := strings.Repeat("n", 128)
		h.register(name, good)
		h.refuses("a wrong password", name, good+"!")
		h.opens(name, good)
		if _, err := h.Register(t.Context(), name+"n", good, nowhere); !errors.Is(err, accounts.ErrUsernameInvalid) {
			t.Errorf("129 bytes: got %v", err)
		}
	})
}
