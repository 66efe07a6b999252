package password

import (
	"fmt"
	"strings"
)

// Unimportable says why a hash that was made elsewhere cannot be taken over. Neither text holds any part
// of the hash, so that both may stand in reports and logs.
type Unimportable struct {
	Reason string // a stable word
	Text   string // for whoever has to repair it
}

// CheckImport returns the cost of a hash that was made elsewhere and can be taken over: a plain $2a$, $2b$
// or $2y$ of bcrypt, of a cost that Verify computes. Every other is refused, and where its form tells the
// scheme, by name: whoever moves ten million users wants to know what they have.
//
// A low cost is no reason to refuse. Equal work makes up for it, and the next login replaces the hash.
func CheckImport(stored string) (cost int, refused *Unimportable) {
	h, ok := parseHash(stored)
	switch {
	case stored == "":
		return 0, &Unimportable{"hash_missing", "there is no password hash"}
	case ok && h.pepper != 0:
		return 0, &Unimportable{"hash_peppered", "the hash was made by authd with a store's pepper, and is of no use without it"}
	case ok && h.cost > MaxCost:
		return 0, &Unimportable{"hash_cost", fmt.Sprintf("the cost is %d, and above %d a login takes too long", h.cost, MaxCost)}
	case ok:
		return h.cost, nil
	}
	return 0, foreign(stored)
}

// form is how the hashes of a scheme begin.
type form struct{ begins, scheme string }

// The first that fits counts.
var forms = []form{
	{"$argon2", "argon2"}, {"argon2$", "argon2 (Django)"}, {"{argon2", "argon2"},
	{"$scrypt$", "scrypt"}, {"scrypt$", "scrypt (Django)"}, {"scrypt:", "scrypt (Werkzeug)"}, {"$s0$", "scrypt"}, {"$s1$", "scrypt"},
	{"$7$", "scrypt"}, {"{scrypt}", "scrypt (Spring)"}, {"$fbscrypt$", "scrypt (Firebase)"},
	{"pbkdf2_", "pbkdf2 (Django)"}, {"pbkdf2:", "pbkdf2 (Werkzeug)"}, {"$pbkdf2", "pbkdf2"}, {"{pbkdf2", "pbkdf2"},
	{"bcrypt_sha256$", "bcrypt over SHA-256 (Django)"}, {"$bcrypt-sha256$", "bcrypt over SHA-256 (passlib)"}, {"$wp$", "bcrypt over SHA-384 (WordPress)"},
	{"$2x$", "$2x$, which marks a faulty bcrypt"}, {"$2$", "$2$, the first bcrypt"},
	{"$y$", "yescrypt"}, {"$gy$", "gost-yescrypt"}, {"$6$", "sha512-crypt"}, {"$5$", "sha256-crypt"}, {"$apr1$", "md5-crypt (Apache)"}, {"$1$", "md5-crypt"},
	{"$p$", "phpass"}, {"$h$", "phpass"}, {"$s$", "SHA-512 (Drupal)"}, {"$sha1$", "sha1-crypt"}, {"$3$", "NT hash"},
	{"md5$", "MD5 (Django)"}, {"sha1$", "SHA-1 (Django)"}, {"{ssha", "salted SHA (LDAP)"}, {"{sha", "SHA (LDAP)"}, {"{smd5}", "salted MD5 (LDAP)"},
	{"{md5}", "MD5 (LDAP)"}, {"{crypt}", "crypt(3) (LDAP)"}, {"{noop}", "a plain password (Spring)"}, {"{plain}", "a plain password"}, {"{cleartext}", "a plain password"},
}

// wrappings are what others put in front of a bcrypt string. With these cut off it is one that we can
// compute; that is left to the operator, because a guess here would be a guess about passwords.
var wrappings = []string{"bcrypt$", "{bcrypt}", "{crypt}", "{blf-crypt}", "bcrypt:"}

func foreign(stored string) *Unimportable {
	folded := strings.ToLower(stored)
	for _, w := range wrappings {
		if strings.HasPrefix(folded, w+"$2") {
			return &Unimportable{"hash_wrapped", "a bcrypt hash behind " + w + ": cut that off, so that it begins with $2"}
		}
	}
	for _, f := range forms {
		if strings.HasPrefix(folded, f.begins) {
			return &Unimportable{"hash_unsupported", "made by " + f.scheme + ": only bcrypt can be taken over, so this user needs a new password"}
		}
	}
	switch {
	case strings.HasPrefix(stored, "$authd$"):
		return &Unimportable{"hash_peppered", "the hash begins as authd's own do, and those are of no use without their store's pepper"}
	case strings.TrimSpace(stored) != stored:
		return &Unimportable{"hash_malformed", "there are blanks around the hash"}
	case strings.HasPrefix(stored, "$2"):
		return &Unimportable{"hash_malformed", "it begins as bcrypt does and is none: $2b$, two digits, $ and 53 characters make one"}
	case isHex(stored) && digests[len(stored)] != "":
		return &Unimportable{"hash_unsupported", "perhaps a bare " + digests[len(stored)] + ": only bcrypt can be taken over, so this user needs a new password"}
	}
	return &Unimportable{"hash_unknown", "no hash that is known here; a plain password would be refused, too"}
}

// digests are bare hashes by the number of their hexadecimal digits.
var digests = map[int]string{32: "MD5", 40: "SHA-1", 56: "SHA-224", 64: "SHA-256", 96: "SHA-384", 128: "SHA-512"}

func isHex(text string) bool { return strings.Trim(text, "0123456789abcdefABCDEF") == "" }

// LooksHashed reports whether a text may be a password hash, or may hold one: it is for texts that stand
// where a name should, before they are shown to somebody.
func LooksHashed(text string) bool {
	for _, mark := range []string{"$2", "$argon2", "$scrypt", "$pbkdf2", "$1$", "$5$", "$6$", "$y$", "$apr1$", "$P$", "$H$", "$S$", "$authd$", "}$"} {
		if strings.Contains(text, mark) {
			return true
		}
	}
	refusal := foreign(text)
	return refusal.Reason == "hash_unsupported" || refusal.Reason == "hash_wrapped"
}
