package authd_test

import (
	"slices"
	"strings"
	"testing"
)

const module = "github.com/authd/authd"

// floors is the house: a package may import those below it. Whoever adds a package gives it a floor,
// and thereby decides what it may know.
var floors = map[string]int{
	"":                        0, // the contract's bytes
	"migrations":              0,
	"internal/auth":           0,
	"internal/audit":          0,
	"internal/metrics":        0,
	"internal/password":       0,
	"internal/revocation":     1,
	"internal/tokens":         2,
	"internal/accounts":       2,
	"internal/store/postgres": 3,
	"internal/store/sqlite":   3,
	"internal/api":            3,
	"internal/userfile":       3,
	"internal/console":        3,
	"cmd/authd":               4,
}

// sideways is the one import between neighbours: an account that is disabled or gets another password
// ends its sessions in the same transaction.
const sidewaysFrom, sidewaysTo = "internal/accounts", "internal/tokens"

// testSupport is for tests alone. What it may import depends on what it tests, so it has no floor.
var testSupport = []string{
	"internal/commonpasswords",
	"internal/fuzz",
	"internal/pieces",
	"internal/store/everystore",
	"internal/store/pgtest",
	"internal/store/pgtest/withpg",
	"internal/store/storetest",
	"internal/vectors",
}

// keepers are the packages that alone may import what many would like to. The key also covers what
// lies below it in the tree of import paths.
var keepers = map[string][]string{
	// Tokens are made and read in one place; elsewhere they are strings.
	jwx: {"internal/tokens"},
	// A domain that knows status codes and headers ends up deciding by them.
	"net/http": {"internal/api", "internal/console", "cmd/authd"},
	// Its helpers belong into _test.go files, or into a package of test support.
	"testing": {"tests"},
}

// pkg is what the rules look at: imports of the package, and of its tests.
type pkg struct {
	path            string // below the module; "" is its root
	imports, byTest []string
}

// faults says which rules of the house the packages break, one sentence each.
func faults(packages []pkg) (found []string) {
	for _, p := range packages {
		if _, ok := floors[p.path]; !ok && !slices.Contains(testSupport, p.path) {
			found = append(found, name(p.path)+" has no floor: give it one in floors_test.go")
			continue
		}
		for _, imported := range p.imports {
			found = append(found, importFaults(p.path, imported)...)
		}
		for _, imported := range slices.Concat(p.imports, p.byTest) {
			// verify is a module of its own; to require it here would break go install of authd.
			if within(imported, module+"/verify") {
				found = append(found, name(p.path)+" imports "+imported+": the module of the service never requires the verifier")
			}
		}
	}
	return found
}

func importFaults(path, imported string) (found []string) {
	if slices.Contains(testSupport, path) {
		return nil
	}
	for kept, by := range keepers {
		if within(imported, kept) && !slices.Contains(by, path) {
			found = append(found, name(path)+" imports "+imported+": only "+strings.Join(by, ", ")+" may")
		}
	}
	own, ok := ownPath(imported)
	if !ok {
		return found
	}
	switch lower, known := floors[own]; {
	case slices.Contains(testSupport, own):
		found = append(found, name(path)+" imports "+name(own)+": only tests may")
	case !known: // said where the package itself is looked at
	case path == sidewaysFrom && own == sidewaysTo:
	case lower >= floors[path]:
		found = append(found, name(path)+" imports "+name(own)+": imports run down the floors only")
	}
	return found
}

func TestImportsRunDownTheFloors(t *testing.T) {
	t.Parallel()
	for _, fault := range faults(listPackages(t)) {
		t.Error(fault)
	}
}

func TestTheFloorsTestSeesEachBreach(t *testing.T) {
	t.Parallel()
	own := func(path string) string { return module + "/" + path }
	for _, c := range []struct {
		what string
		pkg  pkg
		want string // "" means allowed
	}{
		{"down is allowed", pkg{"internal/tokens", []string{own("internal/auth"), "strings"}, nil}, ""},
		{"accounts may use tokens", pkg{"internal/accounts", []string{own("internal/tokens")}, nil}, ""},
		{"tokens may not use accounts", pkg{"internal/tokens", []string{own("internal/accounts")}, nil}, "down the floors"},
		{"up is refused", pkg{"internal/auth", []string{own("internal/tokens")}, nil}, "down the floors"},
		{"sideways is refused", pkg{"internal/password", []string{own("internal/auth")}, nil}, "down the floors"},
		{"stores do not know each other", pkg{"internal/store/sqlite", []string{own("internal/store/postgres")}, nil}, "down the floors"},
		{"a new package needs a floor", pkg{"internal/util", nil, nil}, "give it one"},
		{"jwx is kept in tokens", pkg{"internal/api", []string{"github.com/lestrrat-go/jwx/v3/jwk"}, nil}, "only internal/tokens"},
		{"tokens may use jwx", pkg{"internal/tokens", []string{"github.com/lestrrat-go/jwx/v3/jwk"}, nil}, ""},
		{"HTTP is kept at the edge", pkg{"internal/accounts", []string{"net/http/httptrace"}, nil}, "only internal/api"},
		{"a name that begins alike is another", pkg{"internal/tokens", []string{"net/httpx"}, nil}, ""},
		{"test helpers do not ship", pkg{"internal/tokens", []string{"testing/quick"}, nil}, "only tests"},
		{"test support does not ship", pkg{"cmd/authd", []string{own("internal/store/pgtest")}, nil}, "only tests"},
		{"tests may use test support", pkg{"cmd/authd", nil, []string{own("internal/store/pgtest")}}, ""},
		{"tests may look up", pkg{"internal/tokens", nil, []string{own("internal/store/sqlite"), "net/http"}}, ""},
		{"the verifier stays out", pkg{"internal/tokens", nil, []string{own("verify")}}, "never requires"},
	} {
		got := strings.Join(faults([]pkg{c.pkg}), "\n")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q in it", c.what, got, c.want)
		}
	}
}

// within reports whether an import path is root or lies below it.
func within(imported, root string) bool {
	return imported == root || strings.HasPrefix(imported, root+"/")
}

// ownPath returns the part of an import path below the module.
func ownPath(imported string) (string, bool) {
	if !within(imported, module) {
		return "", false
	}
	return strings.TrimPrefix(strings.TrimPrefix(imported, module), "/"), true
}

func name(path string) string {
	if path == "" {
		return "the root package"
	}
	return path
}
