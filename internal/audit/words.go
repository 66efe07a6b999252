package audit

// Reason says why a session ended, a token was refused or an alarm was raised.
type Reason string

const (
	Logout         Reason = "logout"          // the session's own logout
	LogoutOthers   Reason = "logout_others"   // another session of the user asked
	LogoutAll      Reason = "logout_all"      // the user's epoch was raised by the user
	Reuse          Reason = "reuse"           // an old refresh token was shown: theft is assumed
	HistoryForked  Reason = "history_forked"  // the store knows less than a token that it issued
	SessionLimit   Reason = "session_limit"   // one session too many: the one idle longest goes
	PasswordChange Reason = "password_change" // the user, or an operator, set a new password
	PasswordReset  Reason = "password_reset"  // a reset token was spent

	AccountLimit Reason = "account" // too many failures in a row of one account
	SourceLimit  Reason = "source"  // too many failures of one address

	WrongClient Reason = "wrong_client" // the refresh token was shown in another client's name

	EndedByUser     Reason = "ended_by_user"     // the user chose this session from the list
	EndedByOperator Reason = "ended_by_operator" // an operator did
	Revoked         Reason = "revoked"           // an operator raised the user's epoch
	Disabled        Reason = "disabled"          // the user may not sign in any more
	Deleted         Reason = "deleted"           // the user is gone

	// Why the operators' listener refused a request: as in the answer.
	InvalidToken   Reason = "invalid_token"    // the admin token is missing or wrong
	HostNotAllowed Reason = "host_not_allowed" // by a name that the listener does not answer to

	Restored Reason = "restored" // an older copy of the store was put back

	// SuccessorBroken is an alarm: a recomputed refresh token does not match the hash in its row.
	SuccessorBroken Reason = "successor_broken"
)

// Name is what happened, in one stable word.
type Name string

const (
	UserRegistered Name = "user.registered"
	UserCreated    Name = "user.created"
	UserImported   Name = "user.imported"  // with a hash made elsewhere: Subject is the file and the line
	UsersExported  Name = "users.exported" // Subject says whether password hashes were among it
	UserDisabled   Name = "user.disabled"
	UserEnabled    Name = "user.enabled"
	UserDeleted    Name = "user.deleted"
	UserRevoked    Name = "user.revoked"  // the epoch was raised, and nothing else changed
	UserUnlocked   Name = "user.unlocked" // its failures were forgotten
	RolesSet       Name = "user.roles_set"
	PasswordSet    Name = "user.password_set"
	// PasswordRefused is a wrong password where one is asked for again, in the middle of a session.
	PasswordRefused Name = "user.password_refused"
	ResetIssued     Name = "user.password_reset_issued"
	ResetRefused    Name = "user.password_reset_refused" // a reset token that opened nothing
	LoginSucceeded  Name = "login.succeeded"
	LoginFailed     Name = "login.failed"
	// LoginThrottled is an attempt that was refused unseen: a password, or at a source also a registration
	// or a reset token. Reason says which limit was used up.
	LoginThrottled Name = "login.throttled"
	SessionRetried Name = "session.retried"         // a rotation's answer was asked for again, inside the window
	RefreshRefused Name = "session.refresh_refused" // to somebody whom the token was not given to
	SessionEnded   Name = "session.ended"
	SessionsEnded  Name = "sessions.ended" // every session of a user, by epoch
	TokenRevoked   Name = "token.revoked"  // one access token: Subject is its jti
	StoreRestored  Name = "store.restored" // feed, keys and epochs are new: Subject is the feed's new name
	AlarmRaised    Name = "alarm.raised"   // an operator should look: Reason says at what

	// Of a client Subject is the id.
	ClientCreated Name = "client.created"
	ClientRevoked Name = "client.revoked" // its epoch was raised: every token of its is dead
	ClientDeleted Name = "client.deleted"
	ClientRefused Name = "client.refused" // a secret that is not the client's, or of nobody: without a Subject
	ClientGranted Name = "client.granted" // it proved itself, and got a token

	AdminRefused Name = "admin.refused" // somebody reached the operators' listener and had no right to it

	// Of a signing key Subject is the kid, of a secret its name.
	KeyMade          Name = "key.made"
	KeyStarted       Name = "key.started" // its turn to sign was settled: now, or soon
	KeyKilled        Name = "key.killed"
	KeyRetired       Name = "key.retired" // its last token is dead, and so its private half was deleted
	SecretRotated    Name = "secret.rotated"
	SecretDropped    Name = "secret.dropped"    // an old version that nothing needs any more
	SecretsRewrapped Name = "secrets.rewrapped" // what another master key had sealed is the first one's

	// These stand in timelines alone. Nobody records them: a session's row knows.
	SessionRotated Name = "session.rotated"
	SessionExpired Name = "session.expired"
)

// Actor is who caused an event.
type Actor string

const (
	User   Actor = "user"   // whoever came to the public listener, known or not
	Admin  Actor = "admin"  // the admin listener
	CLI    Actor = "cli"    // a command
	System Actor = "system" // authd by itself
)
