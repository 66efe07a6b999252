package main

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/authd/authd/internal/auth"
)

// The files that init makes besides the master key and the admin token.
const (
	databasePasswordFile = "database.password"
	databasePassFile     = "database.pgpass"
)

// initCmd makes the secrets of an installation, for compose and Kubernetes.
type initCmd struct {
	Dir string `arg:"" help:"Folder for the secrets. It is made if it is not there."`
}

func (initCmd) Help() string {
	return `Makes master.key, admin.token and database.password, and database.pgpass with the same ` +
		`password for connections that name it (?passfile=). Files that exist are kept as they are, ` +
		`so it may run again at every start. It never prints a secret.`
}

// Run makes what is missing and says of each file whether it was made or kept.
func (c initCmd) Run(p process) error {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return fmt.Errorf("the folder for the secrets: %w", err)
	}
	for _, file := range []struct {
		name string
		draw func(io.Reader) (auth.Secret, error)
	}{
		{masterKeyFile, newMasterKey},
		{adminTokenFile, newAdminToken},
		{databasePasswordFile, newDatabasePassword},
		{databasePassFile, c.passFile},
	} {
		if err := c.make(p.stdout, file.name, file.draw); err != nil {
			return fmt.Errorf("make %s: %w", file.name, err)
		}
	}
	return nil
}

func (c initCmd) make(w io.Writer, name string, draw func(io.Reader) (auth.Secret, error)) error {
	path := filepath.Join(c.Dir, name)
	secret, err := draw(rand.Reader)
	if err != nil {
		return err
	}
	made, err := makeSecretFile(path, secret)
	if err != nil {
		return err
	}
	verb := "kept"
	if made {
		verb = "made"
	}
	_, err = fmt.Fprintln(w, verb, path)
	return err
}

// newAdminToken draws 32 bytes as 43 letters of base64url, behind a prefix that secret scanners can
// look for.
func newAdminToken(random io.Reader) (auth.Secret, error) { return drawText("aat_", random) }

// newDatabasePassword draws 32 bytes in letters that need no escaping in a URL, a shell or SQL.
func newDatabasePassword(random io.Reader) (auth.Secret, error) { return drawText("", random) }

func drawText(prefix string, random io.Reader) (auth.Secret, error) {
	var b [32]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return auth.Secret{}, err
	}
	return auth.NewSecret(prefix + base64.RawURLEncoding.EncodeToString(b[:])), nil
}

// passFile repeats the database password in the form that PostgreSQL's clients read, because a URL
// in a compose file cannot hold a secret that was made a moment ago.
func (c initCmd) passFile(io.Reader) (auth.Secret, error) {
	password, err := readGuardedFile(filepath.Join(c.Dir, databasePasswordFile))
	if err != nil {
		return auth.Secret{}, err
	}
	// The file may be the operator's own, with a password that has what separates fields there.
	escaped := strings.NewReplacer(`\`, `\\`, `:`, `\:`).Replace(password.Reveal())
	return auth.NewSecret("*:*:*:*:" + escaped), nil
}
