//go:build unix

package e2e

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/x509"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver
)

// unsealed adds what authd alone has in clear: private keys, the pepper, and what refresh tokens are made of.
func (d *deployment) unsealed(t *testing.T, known *marks, master string) {
	t.Helper()
	var db *sql.DB
	switch rows := d.past.(type) {
	case *sqliteRows:
		db = rows.open(t)
	case *postgresRows:
		var err error
		if db, err = sql.Open("pgx", rows.url); err != nil {
			t.Fatal(err)
		}
		defer db.Close()
	}
	rows, err := db.QueryContext(t.Context(), "select name, sealed from secrets")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	count := 0
	for ; rows.Next(); count++ {
		var name string
		var sealed []byte
		if err := rows.Scan(&name, &sealed); err != nil {
			t.Fatal(err)
		}
		text, err := unseal(master, name, sealed)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		known.add(mark{aSealedSecret, string(private(text))})
	}
	if err := rows.Err(); err != nil || count < 4 { // a pepper, what refresh tokens are made of, and two keys
		t.Fatalf("got %d sealed secrets, %v, want at least 4", count, err)
	}
}

// private is the part of a signing key that is not published, and all of any other secret.
func private(text []byte) []byte {
	key, err := x509.ParsePKCS8PrivateKey(text)
	if err != nil {
		return text
	}
	d, err := key.(*ecdsa.PrivateKey).Bytes() // the algorithm that keys have by default
	if err != nil {
		panic(err) // no curve that anybody signs with
	}
	return d
}

// unseal follows docs/keys.md and not authd: id(4) · nonce(12) · AES-256-GCM, with the name beside it.
func unseal(master, name string, sealed []byte) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(master)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, raw, nil, "authd/seal/key", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil || len(sealed) < 16 {
		return nil, errors.Join(err, fmt.Errorf("%d bytes", len(sealed)))
	}
	return aead.Open(nil, sealed[4:16], sealed[16:], []byte(name))
}
