package tokens

import (
	"context"
	"time"
)

// SecretInfo describes a stored secret. Nothing of it is secret.
type SecretInfo struct {
	Name      string // refresh.<v>, pepper.<v> or signing.<kid>
	CreatedAt time.Time
	UsedFrom  time.Time // zero for a signing key, whose own row says that
	MasterKey int       // which of the master keys seals it, counted from 1; 0: none of them
}

// ListSecrets reads what is stored and opens none of it, so that it can say what a master key does not open.
func ListSecrets(ctx context.Context, store KeyringStore, masters [][]byte) ([]SecretInfo, error) {
	sealer, err := newSealer(masters)
	if err != nil {
		return nil, err
	}
	rows, err := store.LoadKeyring(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]SecretInfo, len(rows.Secrets))
	for i, row := range rows.Secrets {
		list[i] = SecretInfo{Name: row.Name, CreatedAt: row.CreatedAt, MasterKey: sealer.place(row.Sealed)}
	}
	for _, kind := range []string{refreshSecret, pepperSecret} {
		for _, v := range versionsOf(&rows, kind) {
			from := v.usedFrom()
			if v.number == 1 {
				from = v.createdAt // there was no other to use meanwhile
			}
			for j := range list {
				if list[j].Name == nameOf(kind, v.number) {
					list[j].UsedFrom = from
				}
			}
		}
	}
	return list, nil
}

// place is which master key sealed, counted from 1; 0 for none of them.
func (s *sealer) place(sealed []byte) int {
	for i, key := range s.keys {
		if len(sealed) >= sealID && [sealID]byte(sealed) == key.id {
			return i + 1
		}
	}
	return 0
}
