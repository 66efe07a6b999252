package authd_test

import (
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// judges are the folders that decide whether a token, a password or a page is good. Nothing but their
// arguments may have a say in that.
var judges = []string{
	"internal/auth", "internal/password", "internal/revocation", "internal/tokens", "internal/accounts", "internal/api",
	"verify",
}

// D14: there is no switch that leaves verification out. A judge is the same program under every build tag
// and on every system, reads no flag, no environment and no file, and has no variable that the linker
// (-ldflags -X) or another package could set; and nowhere is there a name as such switches have.
func TestD14NothingSwitchesVerificationOff(t *testing.T) {
	t.Parallel()
	looked := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skipped(d.Name())
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			looked++
			for _, fault := range switchesIn(filepath.ToSlash(path), read(t, path)) {
				t.Errorf("%s: %s", path, fault)
			}
		}
		return nil
	})
	if err != nil || looked < 200 {
		t.Fatalf("looked at %d files, %v", looked, err)
	}
}

// skipped leaves out what is not shipped source.
func skipped(folder string) error {
	if installed(folder) || folder == "testdata" {
		return fs.SkipDir
	}
	return nil
}

// systems are the only tags that a file may ask for: what a program does on another system may differ,
// what it checks may not.
var systems = []string{"unix", "linux", "darwin", "windows"}

// fileOf matches names that the go command takes as constraints.
var fileOf = regexp.MustCompile(`_(linux|darwin|windows|unix|amd64|arm64|386|wasm|js)\.go$`)

// switchName matches names of things that turn a check off.
var switchName = regexp.MustCompile(`(?i)^(insecure|unsafe|skip|bypass|disable|ignore|without|allow|accept)_?(skip|any|all|none|alg|unsigned|verif|valid|sig|auth|exp|iss|aud|nonce|check|typ|password|tls)` +
	`|no_?(verify|verification|signature|auth)\b|dev_?mode|debug_?mode|test_?mode`)

func switchesIn(path, source string) (faults []string) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, source, parser.ParseComments)
	if err != nil {
		return []string{err.Error()}
	}
	judge := slices.ContainsFunc(judges, func(j string) bool { return strings.HasPrefix(path, j+"/") })
	if judge && fileOf.MatchString(path) {
		faults = append(faults, "a judge is built on some systems only")
	}
	for _, group := range file.Comments {
		for _, c := range group.List {
			faults = append(faults, tagFaults(c.Text, judge)...)
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if name, ok := n.(*ast.Ident); ok && switchName.MatchString(name.Name) {
			faults = append(faults, name.Name+" is called as what leaves a check out")
		}
		return true
	})
	if judge {
		faults = append(faults, outsideFaults(file)...)
	}
	return faults
}

// tagFaults looks at a comment, which may be an order to the compiler.
func tagFaults(comment string, judge bool) (faults []string) {
	if judge && strings.HasPrefix(comment, "//go:linkname") {
		return []string{"a judge is reached by go:linkname"}
	}
	if !constraint.IsGoBuild(comment) && !constraint.IsPlusBuild(comment) {
		return nil
	}
	if judge {
		return []string{"a judge depends on a build tag: " + comment}
	}
	expr, err := constraint.Parse(comment)
	if err != nil {
		return []string{err.Error()}
	}
	expr.Eval(func(tag string) bool {
		if !slices.Contains(systems, tag) {
			faults = append(faults, "the tag "+tag+" is no system")
		}
		return true
	})
	return faults
}

// outsideFaults names the ways in which something else than arguments could have a say.
func outsideFaults(file *ast.File) (faults []string) {
	for _, i := range file.Imports {
		switch path, _ := strconv.Unquote(i.Path.Value); path {
		case "os", "flag", "syscall", "unsafe", "plugin", "github.com/alecthomas/kong":
			faults = append(faults, "a judge imports "+path)
		}
	}
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR || embedded(g.Doc) {
			continue
		}
		for _, s := range g.Specs {
			if v := s.(*ast.ValueSpec); settable(v) {
				faults = append(faults, "the variable "+v.Names[0].Name+" of a judge can be set")
			}
		}
	}
	return faults
}

// embedded reports whether a variable is filled by the compiler, from a file beside it.
func embedded(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
}

// settable reports whether a package's variable is a plain value: what -X sets, and what a switch is.
// Errors, tables and expressions are none.
func settable(v *ast.ValueSpec) bool {
	if kind, ok := v.Type.(*ast.Ident); ok && slices.Contains([]string{"bool", "string", "int", "int64", "float64"}, kind.Name) {
		return true
	}
	return slices.ContainsFunc(v.Values, func(value ast.Expr) bool {
		_, literal := value.(*ast.BasicLit)
		name, named := value.(*ast.Ident)
		return literal || named && (name.Name == "true" || name.Name == "false")
	})
}

func TestTheSwitchesTestSeesEachSwitch(t *testing.T) {
	t.Parallel()
	const judge, other = "internal/tokens/x.go", "cmd/authd/x.go"
	for _, c := range []struct {
		what, path, source string
		want               int
	}{
		{"nothing", judge, "package x; var errBad = f()", 0},
		{"a system beside the judges", other, "//go:build unix\n\npackage x", 0},
		{"a tag beside the judges", other, "//go:build !release\n\npackage x", 1},
		{"a system in a judge", judge, "//go:build linux\n\npackage x", 1},
		{"a system in the name of a judge's file", "verify/x_linux.go", "package x", 1},
		{"an environment", judge, `package x; import "os"`, 1},
		{"a flag", "verify/internal/jws/x.go", `package x; import "flag"`, 1},
		{"a flag of a command", other, `package x; import "flag"`, 0},
		{"a linker's string", judge, `package x; var mode = "strict"`, 1},
		{"a linker's empty string", judge, `package x; var mode string`, 1},
		{"a global bool", judge, `package x; var strict = true`, 1},
		{"a constant", judge, `package x; const strict = true`, 0},
		{"a way in from elsewhere", judge, "package x\n\n//go:linkname f other.f\nfunc f()", 1},
		{"a field", other, "package x; type T struct { SkipVerify bool }", 1},
		{"a setting", other, "package x; type T struct { InsecureSkipVerify, InsecureAny, DevMode bool }", 3},
		{"a function", judge, "package x; func WithoutSignature() {}; func disableExpiry() {}", 2},
	} {
		if got := switchesIn(c.path, c.source); len(got) < c.want || c.want == 0 && len(got) > 0 {
			t.Errorf("%s: got %q, want %d faults", c.what, got, c.want)
		}
	}
}
