package tokens

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	month  = 720 * time.Hour
	maxAge = 5 * time.Minute // so a key is published for 10 min 30 s before it signs
	ttl    = 5 * time.Minute // so a retired key stays for 7 min
)

// keysOf builds rows from words. Each is a key, its slot its place, named a, b, c …: made so long before
// noon, and perhaps what became of it.
func keysOf(keys ...PublishedKey) *KeyringRows {
	rows := &KeyringRows{Version: 7, Clock: noon, FeedID: "feed", MaxTTL: ttl, JWKSMaxAge: maxAge}
	for i, key := range keys {
		key.KID, key.Slot = string(rune('a'+i)), int64(i+1)
		if key.Alg != "gone" && key.KilledAt.IsZero() {
			rows.Secrets = append(rows.Secrets, SealedSecret{Name: signingSecret + key.KID})
		}
		rows.Keys = append(rows.Keys, key)
	}
	return rows
}

func made(ago time.Duration) PublishedKey { return PublishedKey{CreatedAt: noon.Add(-ago)} }

func signing(in time.Duration) PublishedKey {
	return PublishedKey{CreatedAt: noon.Add(-2 * month), SignsFrom: noon.Add(in)}
}

func goneOf(key PublishedKey) PublishedKey {
	key.Alg = "gone"
	return key
}

func killedOf(key PublishedKey, ago time.Duration) PublishedKey {
	key.KilledAt = noon.Add(-ago)
	return key
}

// inWords writes a step in a line.
func inWords(s keyStep) string {
	var words []string
	for _, kill := range s.kill {
		words = append(words, "kill "+kill.KID)
	}
	for _, start := range s.start {
		words = append(words, fmt.Sprintf("start %s at %v", start.KID, start.SignsFrom.Sub(noon)))
	}
	if s.make > 0 {
		words = append(words, fmt.Sprintf("make %d", s.make))
	}
	if s.first {
		words = append(words, "of which the first signs")
	}
	for _, kid := range s.drop {
		words = append(words, "drop "+kid)
	}
	return strings.Join(words, ", ")
}

func TestWhatIsToBeDoneWithKeysWithoutAnybodyAsking(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		rows     *KeyringRows
		rotation time.Duration
		want     string
	}{
		{"a first boot makes two, one of which signs", keysOf(), month, "make 2, of which the first signs"},
		{"nothing is due", keysOf(signing(-time.Hour), made(time.Hour)), month, ""},
		{"a spare is missing", keysOf(signing(-time.Hour)), month, "make 1"},
		{"a turn is settled 30 s before it comes", keysOf(signing(-month+30*time.Second), made(month)), month, "start b at 30s, make 1"},
		{"and not before", keysOf(signing(-month+31*time.Second), made(month)), month, ""},
		{"a turn that nobody settled in time", keysOf(signing(-2*month), made(2*month)), month, "start b at 30s, make 1"},
		{"a turn is settled once", keysOf(signing(-month), signing(20*time.Second), made(time.Minute)), month, ""},
		{"a spare that caches may not know waits", keysOf(signing(-2*month), made(time.Minute)), month, "start b at 9m30s, make 1"},
		{"the oldest spare is next", keysOf(signing(-2*month), made(time.Hour), made(2*time.Hour)), month, "start b at 30s"},
		{"without a rotation nothing turns by itself", keysOf(signing(-2*month), made(month)), 0, ""},

		{"turns as fast as caches forget need one spare", keysOf(signing(-time.Minute), made(time.Minute)), 630 * time.Second, ""},
		{"faster ones need several", keysOf(signing(-time.Minute), made(time.Minute)), 5 * time.Minute, "make 3"},
		{"and never more than 16", keysOf(signing(-time.Hour), signing(25*time.Second), made(1)), 10 * time.Second, "make 15"},
		{"the spares of a faster instance are not too many", keysOf(signing(-time.Minute), made(1), made(1), made(1), made(1)), month, ""},

		{"a retired key stays while a token of it may live", keysOf(signing(-month), signing(-7*time.Minute), made(1)), month, ""},
		{"and goes then", keysOf(signing(-month), signing(-7*time.Minute-1), made(1)), month, "drop a"},
		{"once", keysOf(goneOf(signing(-month)), signing(-8*time.Minute), made(1)), month, ""},
		{"several go at once", keysOf(signing(-month), signing(-time.Hour), signing(-8*time.Minute), made(1)), month, "drop a, drop b"},
		{"one whose successor is to come does not go", keysOf(signing(-month), signing(time.Second), made(1)), 2 * month, ""},
		{"the successor was killed after its turn had begun", keysOf(signing(-month), killedOf(signing(-time.Hour), 0), signing(0), made(1)), month, "drop a"},
		{"the successor was killed before its turn", keysOf(signing(-time.Hour), killedOf(signing(-10*time.Minute), time.Hour), made(1)), month, ""},

		{"nobody signs: the spare does, at once", keysOf(killedOf(signing(-time.Hour), time.Minute), made(time.Minute)), month, "start b at 0s, make 1"},
		{"an older key is not called back", keysOf(signing(-2*time.Hour), killedOf(signing(-time.Minute), 0), made(time.Minute)), month, "start c at 0s, make 1"},
		{"the one whose turn was to come comes at once", keysOf(killedOf(signing(-time.Hour), 0), signing(time.Hour), made(1)), month, "start b at 0s"},
		{"all are dead", keysOf(killedOf(signing(-time.Hour), 0), killedOf(made(1), 0)), month, "make 2, of which the first signs"},
		{"the store's clock went back behind every turn", keysOf(signing(time.Hour), made(1)), month, "start a at 0s"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := inWords(nextStep(test.rows, keyClocks{noon, noon}, test.rotation)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// D13: of the two clocks the one that is behind decides what may be deleted.
func TestD13AKeyIsDeletedWhenItIsPastByBothClocks(t *testing.T) {
	t.Parallel()
	rows := keysOf(signing(-month), signing(-8*time.Minute), made(1))
	for _, test := range []struct {
		store, process time.Duration
		want           string
	}{{0, 0, "drop a"}, {0, -2 * time.Minute, ""}, {-2 * time.Minute, 0, ""}, {0, time.Hour, "drop a"}} {
		got := inWords(nextStep(rows, keyClocks{noon.Add(test.store), noon.Add(test.process)}, month))
		if got != test.want {
			t.Errorf("the store's clock at %v, the process's at %v: got %q, want %q", test.store, test.process, got, test.want)
		}
	}
}

func TestATurnThatIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		rows *KeyringRows
		want string
	}{
		{"comes when everybody knows of it", keysOf(signing(-time.Hour), made(time.Hour)), "start b at 30s, make 1"},
		{"waits for the caches", keysOf(signing(-time.Hour), made(0)), "start b at 10m30s, make 1"},
		{"is not asked for twice", keysOf(signing(-time.Hour), signing(time.Minute), made(0)), ""},
		{"needs a spare", keysOf(signing(-time.Hour)), "make 1"},
		{"does not bring back what is dead", keysOf(killedOf(signing(-time.Hour), 0), made(0)), "start b at 0s, make 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := inWords(turnStep(test.rows, keyClocks{noon, noon}, month)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestWhatFollowsFromAKill(t *testing.T) {
	t.Parallel()
	two := func() *KeyringRows { return keysOf(signing(-time.Hour), made(time.Minute)) }
	for _, test := range []struct {
		name, kid string
		rows      *KeyringRows
		want      string
	}{
		{"of the active key the spare signs, and there is a new one", "a", two(), "kill a, start b at 0s, make 1"},
		{"of the spare there is a new one", "b", two(), "kill b, make 1"},
		{"of the only key", "a", keysOf(signing(-time.Hour)), "kill a, make 2, of which the first signs"},
		{"of the next key its turn is nobody's", "b", keysOf(signing(-time.Hour), signing(time.Minute), made(1)), "kill b"},
		{"and the next turn is settled if it was due", "b", keysOf(signing(-month), signing(time.Minute), made(time.Hour)), "kill b, start c at 30s, make 1"},
		{"of the active key before a turn, that one comes at once", "a", keysOf(signing(-time.Hour), signing(time.Minute), made(1)), "kill a, start b at 0s"},
		{"of a retired key nothing else", "a", keysOf(signing(-month), signing(-time.Minute), made(1)), "kill a"},
		{"of a tombstone its death is told all the same", "a", keysOf(goneOf(signing(-month)), signing(-time.Hour), made(1)), "kill a"},
		{"of a dead key nothing", "a", keysOf(killedOf(signing(-month), 1), signing(-time.Hour), made(1)), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			before := *test.rows
			before.Keys = append([]PublishedKey(nil), test.rows.Keys...)
			got, found := killStep(test.rows, keyClocks{noon, noon}, month, test.kid)
			if inWords(got) != test.want || !found {
				t.Errorf("got %q, found %t, want %q", inWords(got), found, test.want)
			}
			if diff := cmp.Diff(&before, test.rows); diff != "" {
				t.Errorf("the decision changed what it was made on (-before +after):\n%s", diff)
			}
		})
	}
	if step, found := killStep(two(), keyClocks{noon, noon}, month, "nobody"); found || !step.isEmpty() {
		t.Errorf("an unknown key: got %q, found %t", inWords(step), found)
	}
}

func TestTheShortestRotationCanBeKeptUpWith(t *testing.T) {
	t.Parallel()
	for _, age := range []time.Duration{time.Second, 30 * time.Second, 5 * time.Minute, time.Hour} {
		p := newKeyPlan(&KeyringRows{JWKSMaxAge: age}, keyClocks{}, MinRotation(age))
		if n := p.spares(); n >= maxSpares {
			t.Errorf("max-age %v: %d spares for a rotation of %v", age, n, MinRotation(age))
		}
	}
	if got := MinRotation(time.Second); got != 4*time.Second {
		t.Errorf("with a max-age of 1s keys may turn every %v, want 4s", got)
	}
}

// A verifier takes at most so many keys; others, too, bound what they fetch. Long tokens and fast turns would
// have more believed at once, and a set that is refused whole makes every token of a new key fail (D2).
func TestD2FastTurnsWaitRatherThanPublishMoreKeysThanVerifiersTake(t *testing.T) {
	t.Parallel()
	rows := keysOf(signing(-time.Hour), made(time.Hour))
	rows.JWKSMaxAge, rows.MaxTTL = time.Second, time.Hour
	began, most := len(rows.Keys), 0
	for second := range 2 * 3600 {
		rows.Clock = noon.Add(time.Duration(second) * time.Second)
		step := nextStep(rows, keyClocks{rows.Clock, rows.Clock}, MinRotation(rows.JWKSMaxAge))
		if !step.isEmpty() {
			*rows = afterStep(rows, &step)
		}
		lives := livesOf(rows)
		most = max(most, lives.count((*keyLife).published))
		if lives.first((*keyLife).spare) == nil {
			t.Fatalf("after %d s: there is no spare", second)
		}
	}
	if most > maxPublished {
		t.Errorf("%d keys were published at once, want at most %d", most, maxPublished)
	}
	if turned := len(rows.Keys) - began; turned < maxPublished {
		t.Errorf("%d keys were made in two hours: the turns have stopped", turned)
	}
}

func TestWhoAsksForATurnWaitsWhileTheKeySetIsFull(t *testing.T) {
	t.Parallel()
	keys := []PublishedKey{made(time.Hour)}
	for len(keys) < maxPublished {
		keys = append(keys, signing(-time.Duration(len(keys))*time.Second))
	}
	if got := inWords(turnStep(keysOf(keys...), keyClocks{noon, noon}, month)); got != "" {
		t.Errorf("with %d keys: got %q, want nothing", len(keys), got)
	}
	if got, want := inWords(turnStep(keysOf(keys[1:]...), keyClocks{noon, noon}, month)), "make 1"; got != want {
		t.Errorf("without a spare: got %q, want %q", got, want)
	}
	if got, want := inWords(turnStep(keysOf(keys[:len(keys)-1]...), keyClocks{noon, noon}, month)), "start a at 30s, make 1"; got != want {
		t.Errorf("with room for one: got %q, want %q", got, want)
	}
}

// afterStep is what rows are when a step was taken.
func afterStep(rows *KeyringRows, step *keyStep) KeyringRows {
	change := KeyringChange{Start: step.start, Kill: step.kill}
	for _, kid := range step.drop {
		change.DropSecrets = append(change.DropSecrets, signingSecret+kid)
	}
	for range step.make {
		slot := int64(len(rows.Keys) + len(change.Keys) + 1)
		kid := fmt.Sprint("made", slot)
		change.Keys = append(change.Keys, PublishedKey{KID: kid, Slot: slot, CreatedAt: rows.Clock})
		change.Secrets = append(change.Secrets, SealedSecret{Name: signingSecret + kid})
	}
	return rows.after(&change)
}

func TestTheStatesOfAKey(t *testing.T) {
	t.Parallel()
	rows := keysOf(goneOf(signing(-month)), signing(-time.Hour), killedOf(signing(-30*time.Minute), time.Minute), signing(-time.Minute), signing(time.Minute), made(0))
	lives := livesOf(rows)
	var got []string
	for i := range lives.keys {
		info := lives.info(&lives.keys[i], noon, ttl)
		line := info.KID + " " + string(info.State)
		if !info.RetiredAt.IsZero() {
			line += fmt.Sprint(" retired ", info.RetiredAt.Sub(noon))
		}
		if !info.GoesAt.IsZero() {
			line += fmt.Sprint(" goes ", info.GoesAt.Sub(noon))
		}
		got = append(got, line)
	}
	want := []string{
		"a gone retired -1h0m0s goes -53m0s", "b retired retired -30m0s goes -23m0s", "c killed retired -1m0s",
		"d active retired 1m0s goes 8m0s", "e next", "f next",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
