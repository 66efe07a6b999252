package main

import (
	"log/slog"
	"net/netip"
	"time"

	"github.com/alecthomas/kong"

	"github.com/authd/authd/internal/api"
	"github.com/authd/authd/internal/auth"
)

// settings is everything that can be set. serve takes all of it, other commands the groups that they
// need. A field is a flag by its name and AUTHD_ by the same name; its tags are what operators read in
// --help and in docs/operations.md. An absent default is told by `otherwise`.
type settings struct {
	listenSettings
	adminSettings
	storeSettings
	masterKeySettings
	tokenSettings
	keySettings
	passwordSettings
	accountSettings
	throttleSettings
	auditSettings
	logSettings
}

type listenSettings struct {
	// Addr has a host and a port. An empty host listens on every address.
	Addr string `default:"127.0.0.1:8080" help:"Address of the public listener, as HOST:PORT. The container image sets :8080."`
	// TrustedProxies are masked: no prefix has bits behind its length.
	TrustedProxies []netip.Prefix `placeholder:"ADDRESS" help:"Addresses or prefixes of the proxies whose X-Forwarded-For is believed, on both listeners. Several by commas."`
	// CORSOrigins are in the one spelling that browsers send.
	CORSOrigins []api.PageOrigin `placeholder:"ORIGIN" help:"Origins of the sign-in pages that are not served from the issuer's own, each as https://HOST or https://HOST:PORT. Scripts of these may ask what users ask, with the cookie. Several by commas."`
}

type adminSettings struct {
	// AdminAddr is empty when the operator switched the admin listener off.
	AdminAddr string `default:"127.0.0.1:8081" empty:"off" help:"Address of the admin listener, as HOST:PORT; empty switches it off. Keep it away from the users' network. The container image sets :8081."`
	// AdminToken is settled from its file; on SQLite, without either, claim takes the data folder's.
	AdminToken     auth.Secret `placeholder:"TOKEN" otherwise:"SQLite: made in the data folder; PostgreSQL without one: the admin listener stays off" help:"Bearer token of the admin listener, at least 32 characters."`
	AdminTokenFile string      `placeholder:"FILE" help:"File that holds the admin token."`
	// AdminHosts are names in lower case, without a port.
	AdminHosts []string `placeholder:"NAME" help:"Names by which the admin listener may be asked, besides addresses. Several by commas."`
}

type storeSettings struct {
	// DatabaseURL is PostgreSQL's. The zero value means SQLite in DataDir.
	DatabaseURL     auth.Secret `placeholder:"URL" otherwise:"none: SQLite in the data folder" help:"PostgreSQL, as postgres://user@host/database."`
	DatabaseURLFile string      `placeholder:"FILE" help:"File that holds the database URL."`
	// DataDir is not looked at when there is a DatabaseURL.
	DataDir string `default:"./authd-data" placeholder:"DIR" help:"Folder of the SQLite file, the master key and the admin token. PostgreSQL does not use it."`
	// AutoMigrate is nil when it was not set: the store decides (migrates).
	AutoMigrate *bool `otherwise:"SQLite true, PostgreSQL false" help:"Bring the schema up to date at start. Without it a wrong schema is refused, and authd migrate up repairs it."`

	patient bool // no setting: this command takes long
}

type masterKeySettings struct {
	// MasterKey is one or more keys of 32 bytes in base64, by commas.
	MasterKey     auth.Secret `placeholder:"BASE64" otherwise:"SQLite: made in the data folder; PostgreSQL: required" help:"32 bytes in base64 that seal every stored secret. Several by commas: the first seals, all open."`
	MasterKeyFile string      `placeholder:"FILE" help:"File that holds the master key."`

	masterKeys []auth.Secret // settled: 32 bytes each; none on SQLite when the data folder has it
}

type tokenSettings struct {
	// Issuer is the iss of every token, exactly as given.
	Issuer string `placeholder:"URL" otherwise:"http:// and the address when that is loopback, else required" help:"Absolute URL that tokens name as their issuer. Verifiers compare it letter by letter."`
	// Audience is settled to the issuer when it was not set.
	Audience []string `placeholder:"AUD" otherwise:"the issuer" help:"Who the access tokens are for. Several by commas."`

	AccessTTL      time.Duration `default:"5m" min:"1s" max:"1h" help:"Life of an access token. Verifiers refuse more than an hour."`
	RefreshIdleTTL time.Duration `default:"168h" min:"1s" help:"How long a session lives without a refresh."`
	SessionTTL     time.Duration `default:"720h" min:"1s" help:"How long a session lives at all."`
	RetryWindow    time.Duration `default:"60s" min:"1s" help:"How long a rotated refresh token may be shown again for the same successor. Must exceed the clients' own timeout."`
	JWKSMaxAge     time.Duration `default:"5m" min:"1s" max:"1h" help:"How long verifiers may keep the key set."`
	KeyRotation    time.Duration `default:"720h" min:"4s" help:"How long a signing key signs before the next one does. At least an eighth of the time for which a key is published first, which is twice the longest max-age and 30 s."`
}

// keySettings are about keys that are yet to be made.
type keySettings struct {
	SigningAlg string `default:"ES256" words:"ES256 EdDSA RS256" help:"Algorithm of the next signing key. The keys that there are keep theirs."`
}

type passwordSettings struct {
	BcryptCost        int `default:"12" min:"10" max:"14" help:"Work of one password hash: each step doubles it."`
	PasswordMinLength int `default:"8" min:"8" max:"64" help:"Fewest characters of a new password."`
}

type accountSettings struct {
	Registration    string `default:"open" words:"open closed" help:"Whether POST /register takes new users."`
	SessionsPerUser int    `default:"100" min:"1" max:"1000" help:"Live sessions a user may have. One more ends the one that was idle longest."`
}

type throttleSettings struct {
	// SP 800-63B-4 wants at most 100 in a row.
	ThrottleAccount int `default:"10" min:"0" max:"100" help:"Wrong passwords in a row of one account before one attempt per pause is let through. 0: any number."`
	ThrottleSource  int `default:"60" min:"0" max:"100000" help:"Failed logins and reset tokens, and registrations, of one address in a minute. 0: any number."`
}

type auditSettings struct {
	AuditRetention time.Duration `default:"2160h" min:"1h" help:"How long the audit keeps what happened."`
}

type logSettings struct {
	LogLevel slog.Level `default:"info" words:"debug info warn error" help:"The least level that is logged."`
	// LogFormat is empty when it was not set: the terminal decides (newLogger).
	LogFormat string `words:"json human" placeholder:"FORMAT" otherwise:"json, human on a terminal" help:"How log lines look, on standard error."`
}

// helpText is what --help says of a flag: a setting names its variable and what holds without it.
func helpText(value *kong.Value) string {
	text := value.Help
	if without := value.Tag.Get("otherwise"); without != "" {
		text += " Default: " + without + "."
	}
	return text
}
