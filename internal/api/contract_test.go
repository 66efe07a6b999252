package api

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/google/go-cmp/cmp"
)

const contractFile = "../../openapi.yaml"

// A contract holds exchanges to openapi.yaml and remembers which answers it saw.
type contract struct {
	text []byte
	doc  *openapi3.T

	mu   sync.Mutex
	seen map[string]bool // "POST /login 401"; guarded by mu
}

// theContract is shared by every test of the package, because only all of them together see every
// documented answer.
var theContract = sync.OnceValues(loadContract)

func loadContract() (*contract, error) {
	text, err := os.ReadFile(contractFile)
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background()); err != nil { // its examples too
		return nil, err
	}
	openapi3filter.RegisterBodyDecoder("application/jwk-set+json", openapi3filter.JSONBodyDecoder)
	openapi3filter.RegisterBodyDecoder("application/jwt", openapi3filter.PlainBodyDecoder)
	return &contract{text: text, doc: doc, seen: map[string]bool{}}, nil
}

func mustContract(t testing.TB) *contract {
	t.Helper()
	c, err := theContract()
	if err != nil {
		t.Fatalf("read %s: %v", contractFile, err)
	}
	return c
}

// TestMain fails a full run in which a documented answer was never given: a status that nobody can
// provoke is a promise that nobody checks.
func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	partial := testing.Short()
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz", "test.bench"} {
		partial = partial || flag.Lookup(name).Value.String() != ""
	}
	if code == 0 && !partial {
		for _, answer := range unseen() {
			fmt.Println("documented, but given by no test:", answer)
			code = 1
		}
	}
	os.Exit(code)
}

func unseen() (answers []string) {
	c, err := theContract()
	if err != nil {
		return []string{err.Error()}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for path, item := range c.doc.Paths.Map() {
		for method, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				if answer := method + " " + path + " " + status; !c.seen[answer] {
					answers = append(answers, answer)
				}
			}
		}
	}
	slices.Sort(answers)
	return answers
}

// everywhere are the headers of every answer that has them, as the contract's introduction says.
var everywhere = []string{"Content-Type", "Content-Length", "Date", "Allow",
	"X-Content-Type-Options", "Content-Security-Policy", "Referrer-Policy", "Strict-Transport-Security"}

// check holds one exchange to the contract. sent is the request's body, which was read meanwhile.
func (c *contract) check(t testing.TB, request *http.Request, sent []byte, response *http.Response, body []byte) {
	t.Helper()
	name := fmt.Sprintf("%s %s: %d", request.Method, request.URL.EscapedPath(), response.StatusCode)
	c.checkCommon(t, name, response)

	route, params := c.operation(request)
	if route == nil {
		c.checkRouterAnswer(t, name, response, body)
		return
	}
	lookup := request.Clone(t.Context())
	lookup.Method = route.Method
	input := &openapi3filter.RequestValidationInput{Request: lookup, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}}
	if response.StatusCode < http.StatusBadRequest {
		lookup.Body = io.NopCloser(bytes.NewReader(sent))
		if err := openapi3filter.ValidateRequest(t.Context(), input); err != nil {
			t.Errorf("%s: accepted a request that the contract does not allow: %v", name, err)
		}
	}
	if request.Method == http.MethodHead {
		if len(body) != 0 {
			t.Errorf("%s: has a body of %d bytes", name, len(body))
		}
		return
	}
	c.checkAnswer(t, name, input, response, body)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[fmt.Sprintf("%s %s %d", route.Method, route.Path, response.StatusCode)] = true
}

// operation finds what the contract says of a request, by the path's one spelling; nil if nothing.
func (c *contract) operation(request *http.Request) (*routers.Route, map[string]string) {
	method := request.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	sent := request.URL.EscapedPath()
	if sent == "" && method != http.MethodConnect {
		sent = "/" // the absolute form may leave it out (RFC 9112, section 3.2.1)
	}
	for path, item := range c.doc.Paths.Map() {
		if !served(path, item, request.Context().Value(adminListener{}) != nil) {
			continue
		}
		params, matched := match(path, sent)
		if operation := item.Operations()[method]; matched && operation != nil {
			return &routers.Route{Spec: c.doc, Path: path, PathItem: item, Method: method, Operation: operation}, params
		}
	}
	return nil, nil
}

// served reports whether a listener has a path. Those of the admin listener name it as their server, and
// the two probes are on both.
func served(path string, item *openapi3.PathItem, byAdmin bool) bool {
	return (len(item.Servers) > 0) == byAdmin || path == "/livez" || path == "/readyz"
}

// match compares a path with a template such as /sessions/{id}.
func match(template, path string) (params map[string]string, matched bool) {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	params = map[string]string{}
	for i := range want {
		switch {
		case len(want) != len(got):
			return nil, false
		case strings.HasPrefix(want[i], "{") && got[i] != "":
			params[strings.Trim(want[i], "{}")] = got[i]
		case want[i] != got[i]:
			return nil, false
		}
	}
	return params, true
}

func (c *contract) checkCommon(t testing.TB, name string, response *http.Response) {
	t.Helper()
	got := map[string]string{}
	want := map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Content-Security-Policy":   "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"Strict-Transport-Security": "max-age=31536000"}
	for header := range want {
		got[header] = response.Header.Get(header)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: headers (-want +got):\n%s", name, diff)
	}
	for header, values := range response.Header {
		if len(values) > 1 {
			t.Errorf("%s: %s is there %d times", name, header, len(values))
		}
	}
}

// checkAnswer wants a documented status with documented headers and members, all of those that are
// required and no other.
func (c *contract) checkAnswer(t testing.TB, name string, input *openapi3filter.RequestValidationInput,
	response *http.Response, body []byte) {
	t.Helper()
	answer := &openapi3filter.ResponseValidationInput{RequestValidationInput: input,
		Status: response.StatusCode, Header: response.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true}}
	answer.SetBodyBytes(body)
	if err := openapi3filter.ValidateResponse(t.Context(), answer); err != nil {
		t.Errorf("%s: %v\n%s", name, err, body)
	}
	documented := input.Route.Operation.Responses.Status(response.StatusCode)
	if documented == nil {
		t.Errorf("%s: the status is not documented", name)
		return
	}
	known := slices.Clone(everywhere)
	for header, h := range documented.Value.Headers {
		known = append(known, http.CanonicalHeaderKey(header))
		if h.Value.Required && response.Header.Get(header) == "" {
			t.Errorf("%s: %s is missing", name, header)
		}
	}
	stored := isPublic(input.Route) && response.StatusCode < http.StatusBadRequest
	if got := response.Header.Get("Cache-Control"); !stored && got != "no-store" { // F21
		t.Errorf("%s: Cache-Control: got %q", name, got)
	}
	if isPublic(input.Route) {
		known = append(known, "Access-Control-Allow-Origin") // of its errors, which other routes share
	}
	if usersMethod(input.Route.Path) != "" {
		known = append(known, "Vary", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers")
	}
	for header := range response.Header {
		if !slices.Contains(known, header) {
			t.Errorf("%s: %s is not documented", name, header)
		}
	}
	if len(documented.Value.Content) == 0 && len(body) != 0 {
		t.Errorf("%s: a body that is not documented: %s", name, body)
	}
}

// isPublic reports whether a route is one that scripts of every origin may read.
func isPublic(route *routers.Route) bool { return slices.Contains(publicPaths, route.Path) }

// checkRouterAnswer holds the answers that belong to no operation to the introduction.
func (c *contract) checkRouterAnswer(t testing.TB, name string, response *http.Response, body []byte) {
	t.Helper()
	if !slices.Contains([]int{400, 401, 404, 405, 421, 503}, response.StatusCode) {
		t.Errorf("%s: for a request that is no operation", name)
	}
	if got, want := response.Header.Get("Cache-Control"), "no-store"; got != want {
		t.Errorf("%s: Cache-Control: got %q, want %q", name, got, want)
	}
	if (response.StatusCode == http.StatusMethodNotAllowed) != (response.Header.Get("Allow") != "") {
		t.Errorf("%s: Allow is %q", name, response.Header.Get("Allow"))
	}
	if response.Request != nil && response.Request.Method == http.MethodHead {
		return
	}
	mediaType, schema := mediaProblem, "Problem"
	if belowOAuth(response.Request) && response.Request.Context().Value(adminListener{}) == nil {
		mediaType, schema = mediaJSON, "OAuthError"
	}
	if got := response.Header.Get("Content-Type"); got != mediaType {
		t.Errorf("%s: Content-Type: got %q, want %q", name, got, mediaType)
	}
	c.checkError(t, name, schema, body)
}

func (c *contract) checkError(t testing.TB, name, schema string, body []byte) {
	t.Helper()
	var value any
	if err := unmarshalAny(body, &value); err != nil {
		t.Errorf("%s: %v: %s", name, err, body)
		return
	}
	if err := c.doc.Components.Schemas[schema].Value.VisitJSON(value); err != nil {
		t.Errorf("%s: %v: %s", name, err, body)
	}
}

func TestTheRoutesAreTheOperations(t *testing.T) {
	t.Parallel()
	for byAdmin, routes := range map[bool][]route{false: (&api{}).routes(), true: (&admin{}).routes()} {
		var got, want []string
		for _, route := range routes {
			got = append(got, route.method+" "+route.pattern)
		}
		for path, item := range mustContract(t).doc.Paths.Map() {
			for method := range item.Operations() {
				if served(path, item, byAdmin) {
					want = append(want, method+" "+path)
				}
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("routes, of the admin listener: %t (-documented +served):\n%s", byAdmin, diff)
		}
	}
}

// What the query may have stands in two places: a list of it here would drift from the one there.
func TestTheParametersOfAQueryAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	for _, route := range (&admin{}).routes() {
		item := mustContract(t).doc.Paths.Value(route.pattern)
		var want []string
		for _, p := range item.GetOperation(route.method).Parameters {
			if p.Value.In == openapi3.ParameterInQuery {
				want = append(want, p.Value.Name)
			}
		}
		got := slices.Sorted(slices.Values(route.params))
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s %s: takes %q, documented are %q", route.method, route.pattern, got, want)
		}
	}
}

func TestEveryObjectOfTheContractIsClosed(t *testing.T) {
	t.Parallel()
	for at, schema := range schemas(mustContract(t).doc) {
		open := schema.AdditionalProperties.Has == nil || *schema.AdditionalProperties.Has
		// A form may have parameters that nobody here knows (RFC 6749, section 3.2).
		if schema.Type.Is("object") && open && !strings.Contains(at, "application/yaml") && !strings.HasSuffix(at, mediaForm) {
			t.Errorf("%s: additionalProperties is not false", at)
		}
	}
}

// schemas returns every schema of the document by where it stands.
func schemas(doc *openapi3.T) map[string]*openapi3.Schema {
	all := map[string]*openapi3.Schema{}
	var visit func(at string, ref *openapi3.SchemaRef)
	visit = func(at string, ref *openapi3.SchemaRef) {
		if ref == nil || all[at] != nil {
			return
		}
		all[at] = ref.Value
		visit(at+"/items", ref.Value.Items)
		for name, property := range ref.Value.Properties {
			visit(at+"/"+name, property)
		}
		for i, part := range ref.Value.AllOf {
			visit(fmt.Sprintf("%s/allOf/%d", at, i), part)
		}
	}
	for name, schema := range doc.Components.Schemas {
		visit(name, schema)
	}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			at := method + " " + path
			if operation.RequestBody != nil {
				for media, content := range operation.RequestBody.Value.Content {
					visit(at+" "+media, content.Schema)
				}
			}
			for status, response := range operation.Responses.Map() {
				for media, content := range response.Value.Content {
					visit(at+" "+status+" "+media, content.Schema)
				}
			}
		}
	}
	return all
}
