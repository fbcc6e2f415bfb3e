package httpapi

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
	"github.com/rapport-crm/rapport/eventstore"
	"github.com/rapport-crm/rapport/internal/ingest"
	"github.com/rapport-crm/rapport/projections"
)

// statuses is with which status each exported error of the packages behind the edge is answered.
var statuses = map[string]struct {
	err    error
	status int
}{
	"ingest.ErrBusy":                {ingest.ErrBusy, 429},
	"ingest.ErrUnavailable":         {ingest.ErrUnavailable, 503},
	"eventstore.ErrUnknownOutcome":  {eventstore.ErrUnknownOutcome, 503},
	"eventstore.ErrNotSent":         {eventstore.ErrNotSent, 503},
	"eventstore.ErrClosed":          {eventstore.ErrClosed, 503},
	"eventstore.ErrTopicMissing":    {eventstore.ErrTopicMissing, 503},
	"eventstore.ErrUnfitTopic":      {eventstore.ErrUnfitTopic, 503},
	"eventstore.ErrTooLarge":        {eventstore.ErrTooLarge, 413},
	"eventstore.ErrEmptyKey":        {eventstore.ErrEmptyKey, 422},
	"eventstore.ErrTrimmed":         {eventstore.ErrTrimmed, 500},
	"eventstore.ErrTruncated":       {eventstore.ErrTruncated, 500},
	"eventstore.ErrGap":             {eventstore.ErrGap, 500},
	"eventstore.ErrTransactional":   {eventstore.ErrTransactional, 500},
	"eventstore.ErrCorrupt":         {eventstore.ErrCorrupt, 500},
	"projections.ErrNotFound":       {projections.ErrNotFound, 404},
	"projections.ErrOutcomeUnknown": {projections.ErrOutcomeUnknown, 504},
	"projections.ErrFilter":         {projections.ErrFilter, 422},
	"projections.ErrFenced":         {projections.ErrFenced, 503},
	"projections.ErrTorn":           {projections.ErrTorn, 500},
	"projections.ErrOtherLog":       {projections.ErrOtherLog, 500},
}

// exportedErrors returns the exported error variables of a package, as package.Name.
func exportedErrors(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no files: %v", dir, err)
	}
	var names []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			vars, ok := decl.(*ast.GenDecl)
			if !ok || vars.Tok != token.VAR {
				continue
			}
			for _, spec := range vars.Specs {
				for _, name := range spec.(*ast.ValueSpec).Names {
					if strings.HasPrefix(name.Name, "Err") {
						names = append(names, parsed.Name.Name+"."+name.Name)
					}
				}
			}
		}
	}
	return names
}

func TestEveryErrorBehindTheEdgeHasAnAnswer(t *testing.T) {
	t.Parallel()
	var found []string
	for _, dir := range []string{"../../eventstore", "../../projections", "../ingest", "../replay"} {
		found = append(found, exportedErrors(t, dir)...)
	}
	for _, name := range found {
		if _, ok := statuses[name]; !ok {
			t.Errorf("%s has no row", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(statuses)) {
		if !slices.Contains(found, name) {
			t.Errorf("%s does not exist", name)
		}
		row := statuses[name]
		if p := problemOf(fmt.Errorf("do something: %w", row.err)); p.Status != row.status {
			t.Errorf("%s is answered with %d, want %d", name, p.Status, row.status)
		}
	}
}

func TestErrorsOfTheDomainAndUnknownOnesHaveAnAnswer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err    error
		status int
		slug   string
	}{
		{&domain.Invalid{Problems: []domain.Problem{{Pointer: "/id"}}}, 422, "invalid-event"},
		{&wire.Malformed{Rule: wire.RuleSyntax}, 400, "malformed-body"},
		{&wire.Malformed{Rule: wire.RuleRequired}, 422, "invalid-event"},
		{kindSlow.problem(""), 408, "slow-body"},
		{errors.New("password of the database is wrong"), 500, "internal"},
		{fmt.Errorf("append: %w: %w", ingest.ErrUnavailable, eventstore.ErrTrimmed), 503, "log-unavailable"},
	} {
		p := problemOf(fmt.Errorf("do something: %w", test.err))
		if p.Status != test.status || p.Type != problemBase+test.slug {
			t.Errorf("%v is answered with %d %s", test.err, p.Status, p.Type)
		}
		if strings.Contains(p.Error(), "password") {
			t.Errorf("the answer tells what only the log may tell: %v", p)
		}
	}
}

func TestWhatMayBeTriedAgainSaysWhen(t *testing.T) {
	t.Parallel()
	for _, err := range []error{ingest.ErrBusy, ingest.ErrUnavailable} {
		if p := problemOf(err); p.GetHeaders().Get("Retry-After") == "" {
			t.Errorf("%v has no Retry-After", err)
		}
	}
	if p := problemOf(projections.ErrNotFound); p.GetHeaders().Get("Retry-After") != "" || p.Status != http.StatusNotFound {
		t.Errorf("not found has %v", p.GetHeaders())
	}
}
