package backtest_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/backtest"
)

// page writes the report on the stories as a page.
func page(t testing.TB, o backtest.Options) (*backtest.Report, string) {
	t.Helper()
	o.Origins, o.Horizon, o.Resamples = []domain.Date{date(t, storyOrigin)}, days(storyHorizon), 20
	r := run(t, told(stories(t, 1, 1), nil), o)
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	return r, b.String()
}

// content is what a page is made of.
type content struct {
	elements   map[string]int
	attributes []xml.Attr
	text       strings.Builder
}

// read reads a page, which has to be well-formed.
func read(t testing.TB, page string) *content {
	t.Helper()
	c := &content{elements: make(map[string]int)}
	d := xml.NewDecoder(strings.NewReader(page))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return c
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		switch x := token.(type) {
		case xml.StartElement:
			c.elements[x.Name.Local]++
			c.attributes = append(c.attributes, x.Attr...)
		case xml.CharData:
			c.text.Write(x)
		}
	}
}

func TestThePageStandsAloneAndShowsEveryScore(t *testing.T) {
	t.Parallel()
	hostile := utc(t)
	hostile.Name = `<script>alert("a")</script>&amp;'`
	r, page := page(t, backtest.Options{Policies: []backtest.Policy{hostile}})
	c := read(t, page)
	for _, forbidden := range []string{"script", "link", "img", "iframe", "object", "image", "use", "base"} {
		if n := c.elements[forbidden]; n > 0 {
			t.Errorf("the page has %d elements %s", n, forbidden)
		}
	}
	for _, a := range c.attributes {
		if a.Name.Local == "src" || a.Name.Local == "href" || strings.HasPrefix(a.Name.Local, "on") {
			t.Errorf("the page has the attribute %s", a.Name.Local)
		}
	}
	if strings.Contains(page, "url(") || strings.Contains(page, "@import") || strings.Contains(page, "http") {
		t.Error("the page refers to something elsewhere")
	}
	text := c.text.String()
	for _, s := range r.Origins[0].Scores {
		if !strings.Contains(text, s.Name) {
			t.Errorf("the page does not name %s", s.Name)
		}
	}
	if !strings.Contains(text, hostile.Name) {
		t.Error("the page does not show the name of the policy as it is")
	}
	if c.elements["figure"] != 4 {
		t.Errorf("the page has %d plots, want 4", c.elements["figure"])
	}
}

func TestPlotsStayWithinTheirFrames(t *testing.T) {
	t.Parallel()
	_, page := page(t, backtest.Options{Policies: []backtest.Policy{utc(t)}})
	lines := 0
	for _, a := range read(t, page).attributes {
		if a.Name.Local != "points" {
			continue
		}
		lines++
		for pair := range strings.FieldsSeq(a.Value) {
			x, y, _ := strings.Cut(pair, ",")
			if !within(x, 60, 540) || !within(y, 15, 335) {
				t.Errorf("a line leads to %s", pair)
			}
		}
	}
	if lines < 15 {
		t.Errorf("there are %d lines", lines)
	}
}

func within(text string, low, high float64) bool {
	x, err := strconv.ParseFloat(text, 64)
	return err == nil && x >= low && x <= high
}

func TestCurvesLeadFromNobodyToEverybodyAndNeverTurnBack(t *testing.T) {
	t.Parallel()
	r, _ := page(t, backtest.Options{Policies: []backtest.Policy{utc(t)}})
	for _, s := range r.Origins[0].Scores {
		n := len(s.Curve)
		if n < 3 || s.Curve[0] != (backtest.CurvePoint{}) || s.Curve[n-1] != (backtest.CurvePoint{Customers: 1, Lost: 1, Stayed: 1}) {
			t.Fatalf("the curve of %s is %v", s.Name, s.Curve)
		}
		area := 0.0
		for i := 1; i < n; i++ {
			a, b := s.Curve[i-1], s.Curve[i]
			if b.Customers <= a.Customers || b.Lost < a.Lost || b.Stayed < a.Stayed {
				t.Errorf("the curve of %s turns back at %v", s.Name, b)
			}
			area += (b.Stayed - a.Stayed) * (a.Lost + b.Lost) / 2
		}
		// Points between those that are kept lie above or below the line, but the area is almost that of all of them.
		near(t, s.Name+": area under its curve", area, s.All.AUC.Value, 0.01)
	}
}
