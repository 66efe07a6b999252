package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/authd/authd/internal/accounts"
)

var errNotConfirmed = errors.New("nothing was deleted")

// confirmDeletion wants the name typed again on a terminal. Elsewhere nobody is there to ask.
func confirmDeletion(ctx context.Context, p process, user accounts.User) error {
	file, ok := p.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return errors.New("nobody is there to be asked; --yes deletes without asking")
	}
	fmt.Fprintf(p.stderr, "This deletes %s (%s) with all sessions, for good. Type the name: ", user.Username, user.ID)
	line, err := prompted(ctx, file, func() (string, error) { return bufio.NewReader(file).ReadString('\n') })
	if err != nil {
		return fmt.Errorf("%w: %w", errNotConfirmed, err)
	}
	if strings.TrimSpace(line) != user.Username {
		return errNotConfirmed
	}
	return nil
}
