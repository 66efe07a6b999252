package password

import (
	"strings"
	"testing"
)

// E11: the hashes that can be taken over, of every cost.
func TestE11PlainBcryptIsTakenOver(t *testing.T) {
	t.Parallel()
	for stored, want := range map[string]int{
		"$2a$04$" + salt + digest: 4,
		"$2b$10$" + salt + digest: 10,
		"$2y$14$" + salt + digest: MaxCost,
	} {
		if cost, refused := CheckImport(stored); cost != want || refused != nil {
			t.Errorf("CheckImport(%q) = %d, %+v; want %d", stored, cost, refused, want)
		}
	}
}

// E11: whoever moves users must learn what their hashes are, and never see one.
func TestE11EveryOtherHashIsRefusedByTheNameOfItsScheme(t *testing.T) {
	t.Parallel()
	bcrypt := "$2b$12$" + salt + digest
	hex := strings.Repeat("0123456789abcdef", 8)
	for stored, want := range map[string]string{
		"":                                   "hash_missing: no password hash",
		"$2b$15$" + salt + digest:            "hash_cost: 15",
		"$2b$03$" + salt + digest:            "hash_malformed: bcrypt",
		"$2b$12$" + salt + digest[1:]:        "hash_malformed: 53",
		bcrypt + "\n":                        "hash_malformed: blanks",
		" " + bcrypt:                         "hash_malformed: blanks",
		"$2x$12$" + salt + digest:            "hash_unsupported: faulty",
		"$2$12$" + salt + digest:             "hash_unsupported: first bcrypt",
		"$authd$p=1$2a$12$" + salt + digest:  "hash_peppered: pepper",
		"$authd$p=0$2a$12$" + salt + digest:  "hash_peppered: pepper",
		"$argon2id$v=19$m=65536,t=3,p=4$c2E": "hash_unsupported: argon2",
		"argon2$argon2id$v=19$m=102400,t=2":  "hash_unsupported: argon2 (Django)",
		"{ARGON2}$argon2i$v=19":              "hash_unsupported: argon2",
		"$scrypt$ln=16,r=8,p=1$aM15713r3Xsv": "hash_unsupported: scrypt",
		"scrypt:32768:8:1$salt$abcdef":       "hash_unsupported: Werkzeug",
		"pbkdf2_sha256$600000$salt$digest=":  "hash_unsupported: pbkdf2 (Django)",
		"$pbkdf2-sha512$25000$salt$digest":   "hash_unsupported: pbkdf2",
		"{PBKDF2-SHA256}10000$salt$digest":   "hash_unsupported: pbkdf2",
		"$1$salt$digest":                     "hash_unsupported: md5-crypt",
		"$apr1$salt$digest":                  "hash_unsupported: Apache",
		"$5$rounds=5000$salt$digest":         "hash_unsupported: sha256-crypt",
		"$6$salt$digest":                     "hash_unsupported: sha512-crypt",
		"$y$j9T$salt$digest":                 "hash_unsupported: yescrypt",
		"$P$B12345678digestdigestdigest":     "hash_unsupported: phpass",
		"$wp$2y$12$" + salt + digest:         "hash_unsupported: WordPress",
		"{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g":  "hash_unsupported: LDAP",
		"{SSHA512}W6ph5Mm5Pz8GgiULbPgzG3":    "hash_unsupported: LDAP",
		"{noop}secret":                       "hash_unsupported: plain password",
		"md5$salt$digest":                    "hash_unsupported: Django",
		"bcrypt_sha256$" + bcrypt:            "hash_unsupported: SHA-256 (Django)",
		"bcrypt$" + bcrypt:                   "hash_wrapped: bcrypt$",
		"{bcrypt}" + bcrypt:                  "hash_wrapped: {bcrypt}",
		"{BLF-CRYPT}" + bcrypt:               "hash_wrapped: {blf-crypt}",
		"{CRYPT}$6$salt$digest":              "hash_unsupported: crypt(3)",
		hex[:32]:                             "hash_unsupported: MD5",
		strings.ToUpper(hex[:40]):            "hash_unsupported: SHA-1",
		hex[:64]:                             "hash_unsupported: SHA-256",
		hex:                                  "hash_unsupported: SHA-512",
		"correct horse battery staple":       "hash_unknown: plain password",
	} {
		cost, refused := CheckImport(stored)
		if refused == nil {
			t.Errorf("%q is taken over, at cost %d", stored, cost)
			continue
		}
		reason, part, _ := strings.Cut(want, ": ")
		if refused.Reason != reason || !strings.Contains(refused.Text, part) || cost != 0 {
			t.Errorf("%q: got %d, %+v, want %s", stored, cost, refused, want)
		}
		for _, piece := range []string{salt, digest[2:], "c2E", "W6ph5", "horse"} {
			if strings.Contains(refused.Text, piece) {
				t.Errorf("the refusal of %q repeats it: %s", stored, refused.Text)
			}
		}
	}
}

// A swapped column puts hashes where names are shown.
func TestAHashIsSeenWhereANameShouldBe(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"ada": false, "ada@example.org": false, "a$b": false, "{ada}": false, "$": false, "550e8400-e29b-41d4-a716-446655440000": false,
		"$2b$12$" + salt + digest: true, "ada:$2y$05$" + salt + digest: true, "{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g": true,
		"$authd$p=1$2a$12$" + salt + digest: true, "pbkdf2_sha256$600000$salt$digest=": true, "5f4dcc3b5aa765d61d8327deb882cf99": true,
		"{CRYPT}$6$salt$digest": true, "$1$salt$digest": true,
	} {
		if got := LooksHashed(text); got != want {
			t.Errorf("%q: got %t", text, got)
		}
	}
}

func FuzzCheckImport(f *testing.F) {
	for _, stored := range corrupt {
		f.Add(stored)
	}
	f.Add("$2y$05$" + salt + digest)
	f.Add("{bcrypt}$2a$10$" + salt + digest)
	f.Add("5f4dcc3b5aa765d61d8327deb882cf99")
	f.Fuzz(func(t *testing.T, stored string) {
		cost, refused := CheckImport(stored)
		h, ok := parseHash(stored)
		if taken := ok && h.pepper == 0 && h.cost <= MaxCost; taken != (refused == nil) || taken && cost != h.cost {
			t.Errorf("%q: got %d, %+v; parsed %+v, %t", stored, cost, refused, h, ok)
		}
		if refused != nil && (refused.Reason == "" || refused.Text == "" || len(stored) > 20 && strings.Contains(refused.Text, stored)) {
			t.Errorf("%q: got %+v", stored, refused)
		}
	})
}
