package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/demo"
	"github.com/rapport-crm/rapport/internal/httpapi"
	"github.com/rapport-crm/rapport/projections"
)

// caseOf is what the tests look at in a case of any kind.
type caseOf struct {
	Customer, ID, Holder, Topic string
	OrgUnit                     string         `json:"org_unit"`
	Opened                      domain.Instant `json:"opened_at"`
	Due                         domain.Instant `json:"due_at"`
	Status                      projections.CaseStatus
	Detail                      json.RawMessage
}

func (c *caseOf) key() string { return c.Customer + " " + c.ID }

// caseLists are the lists of cases.
var caseLists = []string{"/v1/complaints", "/v1/deadlines", "/v1/rectifications", "/v1/departures", "/v1/winback"}

func TestListsAndReportsOfALivingFirm(t *testing.T) {
	t.Parallel()
	s := dealers(t)
	for name, holds := range map[string]func(*server){
		"lists have each case once, in their order": listsHaveEachCaseOnce,
		"parameters select cases":                   parametersSelectCases,
		"a cursor belongs to its list":              cursorsBelongToTheirList,
		"reports agree with the lists behind them":  reportsAgreeWithTheirLists,
		"months are parts of the whole":             monthsAreParts,
		"answers are as the document says":          answersAreAsTheDocumentSays,
	} {
		t.Run(name, func(t *testing.T) {
			own := *s
			own.t = t
			holds(&own)
		})
	}
}

// dealers runs a server that knows the generated group of dealers.
func dealers(t *testing.T) *server {
	t.Helper()
	s := setup(t)
	world, err := demo.New(demo.Options{Customers: 500, Days: 500, End: domain.InstantOf(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := demo.Fill(t.Context(), s.log, world.Events()); err != nil {
		t.Fatal(err)
	}
	ends, err := s.log.Ends(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.progress.Wait(t.Context(), ends); err != nil {
		t.Fatal(err)
	}
	return s
}

// withParameter joins a path with one more parameter.
func withParameter(path, name, value string) string {
	join := "?"
	if strings.Contains(path, "?") {
		join = "&"
	}
	return path + join + name + "=" + url.QueryEscape(value)
}

// cases reads a whole list in pages of the given length.
func (s *server) cases(path string, limit int) []caseOf {
	s.t.Helper()
	var all []caseOf
	for cursor := ""; ; {
		var page struct {
			Items []caseOf
			Next  string
		}
		s.get(withParameter(withParameter(path, "limit", strconv.Itoa(limit)), "cursor", cursor)).wants(http.StatusOK).into(&page)
		if page.Items == nil || len(page.Items) > limit || page.Next != "" && len(page.Items) < limit {
			s.t.Fatalf("%s: a page of %d items, next %q", path, len(page.Items), page.Next)
		}
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}

func keysOf(cases []caseOf) []string {
	keys := make([]string, len(cases))
	for i := range cases {
		keys[i] = cases[i].key()
	}
	return keys
}

func listsHaveEachCaseOnce(s *server) {
	for _, path := range caseLists {
		newest := s.cases(path, 3)
		if len(newest) < 4 {
			s.t.Errorf("%s: only %d cases", path, len(newest))
		}
		if !slices.Equal(keysOf(newest), keysOf(s.cases(path, 500))) {
			s.t.Errorf("%s: pages of 3 are not the whole list", path)
		}
		if !slices.IsSortedFunc(newest, func(a, b caseOf) int { return int(b.Opened - a.Opened) }) {
			s.t.Errorf("%s: the newest do not come first", path)
		}
		first := s.cases(path+"?sort=due_at", 2)
		if !slices.IsSortedFunc(first, func(a, b caseOf) int { return int(dueOrNever(a.Due) - dueOrNever(b.Due)) }) {
			s.t.Errorf("%s: those due first do not come first", path)
		}
		a, b := keysOf(newest), keysOf(first)
		slices.Sort(a)
		slices.Sort(b)
		if !slices.Equal(a, b) || len(slices.Compact(a)) != len(b) {
			s.t.Errorf("%s: the two orders have different cases, or one twice", path)
		}
	}
}

// dueOrNever returns when a case is due, the end of time for one without a deadline.
func dueOrNever(due domain.Instant) domain.Instant {
	if due == 0 {
		return 1 << 60
	}
	return due
}

func parametersSelectCases(s *server) {
	for _, path := range caseLists {
		all := s.cases(path, 500)
		one := all[len(all)/2]
		opened := one.Opened.String()
		for query, wants := range map[string]func(*caseOf) bool{
			"status=open":                      func(c *caseOf) bool { return c.Status != projections.CaseEnded },
			"status=near":                      func(c *caseOf) bool { return c.Status == projections.CaseNear },
			"status=overdue":                   func(c *caseOf) bool { return c.Status == projections.CaseOverdue },
			"status=ended":                     func(c *caseOf) bool { return c.Status == projections.CaseEnded },
			"org_unit=calder/north":            func(c *caseOf) bool { return strings.HasPrefix(c.OrgUnit, "calder/north/") },
			"org_unit=calder/nor":              func(*caseOf) bool { return false },
			"holder=" + one.Holder:             func(c *caseOf) bool { return one.Holder == "" || c.Holder == one.Holder },
			"customer=" + one.Customer:         func(c *caseOf) bool { return c.Customer == one.Customer },
			"topic=" + one.Topic:               func(c *caseOf) bool { return one.Topic == "" || c.Topic == one.Topic },
			"from=" + opened:                   func(c *caseOf) bool { return c.Opened >= one.Opened },
			"to=" + opened:                     func(c *caseOf) bool { return c.Opened < one.Opened },
			"from=" + opened + "&to=" + opened: func(*caseOf) bool { return false },
		} {
			var want []string
			for i := range all {
				if wants(&all[i]) {
					want = append(want, all[i].key())
				}
			}
			got := s.cases(path+"?"+strings.ReplaceAll(query, " ", "%20"), 500)
			if !slices.Equal(keysOf(got), want) {
				s.t.Errorf("%s?%s has %d cases, want %d", path, query, len(got), len(want))
			}
		}
	}
}

// serviceReports are the reports with something to tell of the generated group.
var serviceReports = []string{
	"/v1/value", "/v1/value?measure=profit&from=2025-06&org_unit=calder/south", "/v1/value/customers?limit=20", "/v1/value/forecasts", "/v1/value/forecasters",
	"/v1/complaints/report", "/v1/complaints/report?subject=repeat%20fault&from=2025-06&to=2026-01&org_unit=calder/east",
	"/v1/deadlines/report", "/v1/deadlines/report?deadline=inquiry&from=2025-06",
	"/v1/contacts/statistics", "/v1/contacts/statistics?to=2025-06&org_unit=calder/south",
	"/v1/satisfaction", "/v1/satisfaction?answers=latest", "/v1/satisfaction?from=2025-09&to=2026-02&group=item&questionnaire=service",
	"/v1/satisfaction?group=group&source=internal", "/v1/satisfaction?group=org_unit&depth=2", "/v1/satisfaction?group=employee",
	"/v1/satisfaction?group=role&role=technician", "/v1/satisfaction?group=month", "/v1/satisfaction?group=source",
	"/v1/satisfaction?group=mode&mode=phone", "/v1/satisfaction?item=V05&org_unit=calder/north/linhe",
	"/v1/satisfaction/stages", "/v1/satisfaction/stages?source=external&from=2025-09",
	"/v1/satisfaction/follow-ups", "/v1/satisfaction/follow-ups?kind=handover&to=2025-12",
	"/v1/rectifications/report", "/v1/rectifications/report?org_unit=calder/east",
	"/v1/winback/report", "/v1/winback/report?cause=competitor&from=2025-06&to=2026-01&org_unit=calder/east",
	"/v1/winback/losses", "/v1/winback/losses?cause=competitor&product=oil-change", "/v1/winback/mass-losses",
	"/v1/winback/proposed", "/v1/winback/proposed?undecided=true&limit=3&org_unit=calder/north",
}

func answersAreAsTheDocumentSays(s *server) {
	router := contract(s.t, s)
	targets := slices.Concat(caseLists, serviceReports)
	for _, customer := range []string{"C000001", "C000040", "C000500"} {
		targets = append(targets, "/v1/customers/"+customer, "/v1/customers/"+customer+"/brief?contacts=3", "/v1/customers/"+customer+"/may-contact?employee=x",
			"/v1/customers/"+customer+"/history?limit=20")
		for _, what := range []string{"risk", "stage", "satisfaction", "value"} {
			targets = append(targets, "/v1/customers/"+customer+"/explain?what="+what)
		}
	}
	targets = append(targets, "/v1/complaints?limit=500", "/v1/deadlines?status=overdue", "/v1/summary",
		"/v1/complaints?status=late", "/v1/customers/nobody/brief", "/v1/customers/nobody/may-contact")
	for _, target := range targets {
		checkAnswer(s.t, router, http.MethodGet, target, s.get(target))
	}
}

func TestReportsOfNothingAreEmptyAndAsTheDocumentSays(t *testing.T) {
	t.Parallel()
	s := setup(t)
	router := contract(t, s)
	for _, target := range slices.Concat(caseLists, serviceReports) {
		checkAnswer(t, router, http.MethodGet, target, s.get(target).wants(http.StatusOK))
	}
	var satisfaction struct{ Rows []any }
	s.get("/v1/satisfaction").into(&satisfaction)
	var contacts struct {
		Inbound struct{ Total int64 }
		Share   *float64 `json:"outbound_share"`
	}
	s.get("/v1/contacts/statistics").into(&contacts)
	if satisfaction.Rows == nil || len(satisfaction.Rows) != 0 || contacts.Inbound.Total != 0 || contacts.Share != nil {
		t.Errorf("nothing is %+v and %+v", satisfaction, contacts)
	}
}

func reportsAgreeWithTheirLists(s *server) {
	for _, query := range []string{"", "?org_unit=calder/south"} {
		var report struct {
			Complaints, Open int64
			Backlog          struct{ Near, Overdue int64 }
		}
		s.get("/v1/complaints/report" + query).into(&report)
		var all, open, near, overdue int64
		for _, c := range s.cases("/v1/complaints"+query, 500) {
			all++
			if c.Status != projections.CaseEnded {
				open++
			}
			switch c.Status {
			case projections.CaseNear:
				near++
			case projections.CaseOverdue:
				overdue++
			}
		}
		if report.Complaints != all || report.Open != open || report.Backlog.Near != near || report.Backlog.Overdue != overdue {
			s.t.Errorf("%q: the report is %+v; the list has %d, %d open, %d near and %d overdue", query, report, all, open, near, overdue)
		}
	}
	lossesAgreeWithTheirList(s)
	valueAgreesWithItsList(s)
	var sheets struct{ Sheets []caseOf }
	s.get("/v1/rectifications/report").into(&sheets)
	a, b := keysOf(sheets.Sheets), keysOf(s.cases("/v1/rectifications?sort=due_at", 500))
	if !slices.Equal(a, b) || len(a) == 0 {
		s.t.Errorf("the report has %d sheets, the list %d", len(a), len(b))
	}
}

func monthsAreParts(s *server) {
	type statistics struct {
		Inbound, Outbound struct{ Total int64 }
		Attempts          struct{ Total int64 }
		Collisions        int64
	}
	read := func(query string) (r statistics) {
		s.get("/v1/contacts/statistics" + query).wants(http.StatusOK).into(&r)
		return r
	}
	whole, sum := read(""), statistics{}
	for _, months := range []string{"?to=2025-07", "?from=2025-08&to=2025-08", "?from=2025-09"} {
		part := read(months)
		sum.Inbound.Total += part.Inbound.Total
		sum.Outbound.Total += part.Outbound.Total
		sum.Attempts.Total += part.Attempts.Total
		sum.Collisions += part.Collisions
	}
	if sum != whole || whole.Inbound.Total == 0 || whole.Outbound.Total == 0 || whole.Attempts.Total == 0 || whole.Collisions == 0 {
		s.t.Errorf("the months add up to %+v, the whole is %+v", sum, whole)
	}
}

func TestAParameterOfAReportThatCannotBeUsedIsNamed(t *testing.T) {
	t.Parallel()
	s := setup(t)
	paths := map[string]string{
		"/v1/customers/c1/may-contact?at=tomorrow":       "/query/at format",
		"/v1/customers/c1/brief?contacts=0":              "/query/contacts min",
		"/v1/customers/c1/brief?contacts=51":             "/query/contacts max",
		"/v1/satisfaction?source=own":                    "/query/source oneof",
		"/v1/satisfaction?mode=letter":                   "/query/mode oneof",
		"/v1/satisfaction?group=customer":                "/query/group oneof",
		"/v1/satisfaction?answers=first":                 "/query/answers oneof",
		"/v1/satisfaction?depth=-1":                      "/query/depth min",
		"/v1/satisfaction?depth=deep":                    "/query/depth type",
		"/v1/satisfaction/stages?group=item":             "/query/group unknown",
		"/v1/satisfaction/follow-ups?kind=letter":        "/query/kind oneof",
		"/v1/rectifications/report?from=2026-01":         "/query/from unknown",
		"/v1/contacts/statistics?channel=phone":          "/query/channel unknown",
		"/v1/deadlines/report?deadline=inquiry&limit=10": "/query/limit unknown",
	}
	for _, list := range caseLists {
		for query, want := range map[string]string{
			"status=late": "/query/status oneof",
			"sort=id":     "/query/sort oneof",
			"limit=0":     "/query/limit min",
			"limit=501":   "/query/limit max",
			"cursor=x":    "/query/cursor format",
			"from=2026":   "/query/from format",
			"to=never":    "/query/to format",
			"from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z": "/query/to min",
			"color=red": "/query/color unknown",
		} {
			paths[list+"?"+query] = want
		}
	}
	for _, report := range []string{"/v1/complaints/report", "/v1/deadlines/report", "/v1/contacts/statistics", "/v1/satisfaction", "/v1/satisfaction/stages", "/v1/satisfaction/follow-ups", "/v1/winback/report", "/v1/winback/losses"} {
		paths[report+"?from=2026-13"] = "/query/from format"
		paths[report+"?to=2026-1"] = "/query/to format"
		paths[report+"?from=2026-03&to=2026-02"] = "/query/to min"
		paths[report+"?after=7"] = "/query/after format"
	}
	for path, want := range paths {
		p := s.get(path).problem(http.StatusUnprocessableEntity, "invalid-request")
		if len(p.Errors) != 1 || p.Errors[0].Pointer+" "+p.Errors[0].Rule != want {
			t.Errorf("%s: errors are %+v, want %s", path, p.Errors, want)
		}
	}
}

func cursorsBelongToTheirList(s *server) {
	var page struct{ Next string }
	s.get("/v1/complaints?limit=2").into(&page)
	for _, other := range []string{"/v1/deadlines?limit=2", "/v1/complaints?limit=2&sort=due_at", "/v1/complaints?limit=2&status=ended"} {
		p := s.get(withParameter(other, "cursor", page.Next)).problem(http.StatusUnprocessableEntity, "invalid-request")
		if p.Errors[0].Pointer != "/query/cursor" {
			s.t.Errorf("%s: errors are %+v", other, p.Errors)
		}
	}
}

func TestEveryReportReflectsThePositionItWasToldToWaitFor(t *testing.T) {
	t.Parallel()
	s := setup(t)
	slow := setup(t, func(o *httpapi.Options) { o.WaitLimit = time.Millisecond })
	targets := slices.Concat(caseLists, []string{
		"/v1/complaints/report", "/v1/deadlines/report", "/v1/contacts/statistics", "/v1/satisfaction", "/v1/satisfaction/stages",
		"/v1/satisfaction/follow-ups", "/v1/rectifications/report", "/v1/customers/c1/brief", "/v1/customers/c1/may-contact",
	})
	for i, target := range targets {
		id := fmt.Sprintf("k%d", i)
		last := s.post(one, purchase("c1", "type", `"complaint.filed"`, "data", `{"complaint_id":"`+id+`"}`)).wants(http.StatusAccepted)
		after := last.header.Get("Rapport-Position")
		r := s.get(target + "?after=" + after).wants(http.StatusOK)
		if partition, offset, _ := strings.Cut(after, ":"); !strings.Contains(","+r.header.Get("Rapport-Position")+",", ","+partition+":"+next(t, offset)+",") {
			t.Errorf("%s reflects %s after %s", target, r.header.Get("Rapport-Position"), after)
		}
		slow.get(target+"?after=0:7").problem(http.StatusGatewayTimeout, "position-not-reached")
	}
}

// next returns the number after n.
func next(t *testing.T, n string) string {
	t.Helper()
	i, err := strconv.Atoi(n)
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(i + 1)
}
