package authd_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// listed is what go list says of a package.
type listed struct {
	ImportPath, Dir, Export                     string
	GoFiles, Imports, TestImports, XTestImports []string
}

const fields = "ImportPath,Dir,Export,GoFiles,Imports,TestImports,XTestImports"

// goList runs go list with these flags and decodes its stream of packages.
func goList(t *testing.T, args ...string) (packages []listed) {
	t.Helper()
	watchSources(t)
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=" + fields}, args...)...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, complaint.Bytes())
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// watchSources looks at every source file. go test repeats a result that it remembers unless a file
// has changed that the test itself opened, and what go list opens does not count.
func watchSources(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (installed(d.Name()) || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			_, err = os.Stat(path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
}

func listPackages(t *testing.T) (packages []pkg) {
	t.Helper()
	for _, l := range goList(t, "./...") {
		path, ok := ownPath(l.ImportPath)
		if !ok {
			t.Fatalf("%s is not of this module", l.ImportPath)
		}
		packages = append(packages, pkg{path, l.Imports, append(l.TestImports, l.XTestImports...)})
	}
	return packages
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	t.Parallel()
	for _, l := range goList(t, "./...") {
		file := "doc.go"
		if len(l.GoFiles) == 1 {
			file = l.GoFiles[0]
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(l.Dir, file), nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Errorf("%s: %v", l.ImportPath, err)
			continue
		}
		first := "Package " + f.Name.Name + " "
		if f.Name.Name == "main" {
			first = "Command " + filepath.Base(l.Dir) + " "
		}
		if !strings.HasPrefix(f.Doc.Text(), first) {
			t.Errorf("%s/%s: want a comment on the package that begins with %q", l.ImportPath, file, first)
		}
	}
}
