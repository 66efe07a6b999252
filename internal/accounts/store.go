package accounts

import (
	"context"
	"time"

	"github.com/authd/authd/internal/audit"
	"github.com/authd/authd/internal/auth"
	"github.com/authd/authd/internal/tokens"
)

// User is an account as others may see it.
type User struct {
	ID         auth.UserID
	Username   string // as mapped: PRECIS UsernameCaseMapped
	Epoch      auth.Epoch
	Roles      []string
	CreatedAt  time.Time
	DisabledAt time.Time // zero while enabled
}

// Credentials is what a login reads: the password hash and the epoch of the same row in the same
// statement, so that a session can never be younger than the password that opened it.
type Credentials struct {
	User
	PasswordHash string
	RowVersion   int64
}

// Reset is a password reset with the user that it is for. It changes only together with the user's row
// version.
type Reset struct {
	tokens.PasswordReset
	User       User
	RowVersion int64 // the user's
}

// ClientCredentials is what proving a secret reads: its hash and the epoch of the same row, so that a token
// can never be younger than the secret that it was given for.
type ClientCredentials struct {
	Client
	SecretHash [32]byte // SHA-256
}

// Wanted is a user whom an import wants to make.
type Wanted struct {
	ID       auth.UserID
	Username string // as mapped
}

// Present is what a store knows of those who are wanted.
type Present struct {
	Users   []Credentials // in no order, each once
	Clients []auth.UserID // those of the ids that are machine clients'
	Epochs  map[auth.UserID]auth.Epoch
	Clock   time.Time
}

// Store keeps users and clients. Its promises about errors are those of tokens.Store. Everything that changes a
// user who may have sessions goes through tokens.Store's ChangeUser.
type Store interface {
	CounterStore

	// CreateUser stores a user with no sessions, created at the store's clock, which is returned.
	// A username that is taken: [ErrUsernameTaken].
	CreateUser(ctx context.Context, user User, passwordHash string) (createdAt time.Time, err error)

	// CredentialsByName reads what a login needs, with the greatest bcrypt cost stored, in one round
	// trip. found is false if nobody has the name; the cost is there all the same.
	CredentialsByName(ctx context.Context, username string) (c Credentials, greatestCost int, found bool, err error)

	// CredentialsByID is CredentialsByName for a user who is known by id.
	CredentialsByID(ctx context.Context, id auth.UserID) (c Credentials, greatestCost int, found bool, err error)

	// ResetByID reads one password reset with its user, and the store's clock, in one round trip.
	ResetByID(ctx context.Context, id tokens.ResetID) (reset Reset, clock time.Time, found bool, err error)

	// UserByID reads one user.
	UserByID(ctx context.Context, id auth.UserID) (user User, found bool, err error)

	// UserByName reads one user by the mapped name.
	UserByName(ctx context.Context, username string) (user User, found bool, err error)

	// Users lists at most limit users by name, those after the given name.
	Users(ctx context.Context, after string, limit int) ([]User, error)

	// PasswordHashes reads the hashes of at most limit users by id, those after the given id, and says
	// whose the last one is.
	PasswordHashes(ctx context.Context, after auth.UserID, limit int) (hashes []string, last auth.UserID, err error)

	// Present reads what an import has to know of the users that it wants to make, in one round trip: who
	// has one of the names or ids, which ids are machine clients', below which epoch the feed holds an id
	// for dead, and the store's clock.
	Present(ctx context.Context, wanted []Wanted) (Present, error)

	// AddUsers stores users who have no sessions, with the records that tell of it, in one transaction: all
	// or nobody. They come in the order of names. A name or an id that is taken: [ErrUsernameTaken].
	AddUsers(ctx context.Context, users []Credentials, told []audit.Record) error

	// CredentialsAfter reads at most limit users with their hashes by name, those after the given name.
	CredentialsAfter(ctx context.Context, after string, limit int) ([]Credentials, error)

	// CreateClient stores a client, created at the store's clock, which is returned.
	CreateClient(ctx context.Context, client ClientCredentials) (createdAt time.Time, err error)

	// ClientByID reads one client with the hash of its secret, and the store's clock, in one round trip.
	ClientByID(ctx context.Context, id auth.ClientID) (client ClientCredentials, clock time.Time, found bool, err error)

	// Clients lists at most limit clients by id, which is the order of their making, those after the given id.
	Clients(ctx context.Context, after auth.ClientID, limit int) ([]Client, error)

	// RaiseGreatestCost makes the stored greatest cost at least cost. It comes before the first hash of
	// that cost is stored: a login of nobody must never be cheaper than one of somebody.
	RaiseGreatestCost(ctx context.Context, cost int) error
}
