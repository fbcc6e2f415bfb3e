package notify

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestASubscriptionGetsWhatItsFiltersLetPass(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	plain := news{kind: "churn.warning_raised", orgUnit: "north/7", level: "high", at: now.Add(-time.Hour)}
	with := func(f func(*news)) news { n := plain; f(&n); return n }
	for name, c := range map[string]struct {
		subscription Subscription
		news         news
		want         bool
	}{
		"no filter":                          {Subscription{}, plain, true},
		"its type":                           {Subscription{Types: []string{"a.b", "churn.warning_raised"}}, plain, true},
		"another type":                       {Subscription{Types: []string{"churn.warning"}}, plain, false},
		"its family":                         {Subscription{Types: []string{"churn.*"}}, plain, true},
		"another family":                     {Subscription{Types: []string{"lifecycle.*"}}, plain, false},
		"every type":                         {Subscription{Types: []string{"*"}}, plain, true},
		"its org unit":                       {Subscription{OrgUnit: "north/7"}, plain, true},
		"the org unit above":                 {Subscription{OrgUnit: "north"}, plain, true},
		"an org unit with the same start":    {Subscription{OrgUnit: "nor"}, plain, false},
		"the org unit below":                 {Subscription{OrgUnit: "north/7/sales"}, plain, false},
		"an org unit, of news without":       {Subscription{OrgUnit: "north"}, with(func(n *news) { n.orgUnit = "" }), false},
		"a lower level":                      {Subscription{MinLevel: "watch"}, plain, true},
		"its level":                          {Subscription{MinLevel: "high"}, plain, true},
		"a higher level":                     {Subscription{MinLevel: "critical"}, plain, false},
		"a level, of news without":           {Subscription{MinLevel: "critical"}, with(func(n *news) { n.level = "" }), true},
		"a disabled endpoint":                {Subscription{Disabled: DisabledGone}, plain, false},
		"news of three days":                 {Subscription{}, with(func(n *news) { n.at = now.Add(-72 * time.Hour) }), true},
		"older news":                         {Subscription{}, with(func(n *news) { n.at = now.Add(-72*time.Hour - 1) }), false},
		"older news when asked for":          {Subscription{OldNews: true}, with(func(n *news) { n.at = time.Time{} }), true},
		"news older than the age it allows":  {Subscription{MaxAge: time.Minute}, plain, false},
		"news younger than the age it names": {Subscription{MaxAge: time.Hour}, plain, true},
	} {
		if got := c.subscription.selects(&c.news) && c.subscription.wantsAge(now.Sub(c.news.at)); got != c.want {
			t.Errorf("%s: wanted %t, want %t", name, got, c.want)
		}
	}
}

func TestASubscriptionGetsWhatIsPublishedAfterItWasMade(t *testing.T) {
	t.Parallel()
	made := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	s := Subscription{CreatedAt: made}
	for after, want := range map[time.Duration]bool{-time.Minute: false, -clockSlack - 1: false, -clockSlack: true, time.Hour: true} {
		if got := s.selects(&news{publishedAt: made.Add(after)}); got != want {
			t.Errorf("what was published %s after it was made: selected %t, want %t", after, got, want)
		}
	}
}

func TestValidateNamesEveryPlaceAndRule(t *testing.T) {
	t.Parallel()
	fit := Subscription{URL: "https://example.com/hook?x=1", Types: []string{"churn.*", "*", "lifecycle.started"}, MinLevel: "high"}
	if err := fit.validate(Options{}); err != nil {
		t.Errorf("a fit subscription has error %v", err)
	}
	for url, want := range map[string]string{
		"": "/url required", "http://example.com": "/url format", "ftp://example.com": "/url format", "/hook": "/url format", "https://": "/url format",
		"https://:443/": "/url format", "https://ann:pw@example.com": "/url format", "https://example.com/#a": "/url format",
		"https://127.0.0.1/": "/url reserved", "https://[::1]:8443/": "/url reserved", "https://169.254.169.254/latest": "/url reserved",
		"https://example.com/" + strings.Repeat("a", maxURL): "/url length",
	} {
		s := fit
		s.URL = url
		if got := faults(s.validate(Options{})); !slices.Equal(got, []string{want}) {
			t.Errorf("%.40s: the faults are %v, want %s", url, got, want)
		}
	}
	plain := fit
	plain.URL = "http://127.0.0.1/"
	if err := plain.validate(Options{AllowHTTP: true, AllowPrivate: loopback}); err != nil {
		t.Errorf("an inner URL without encryption has error %v where that is allowed", err)
	}
	unfit := Subscription{
		URL: "https://example.com", Types: []string{"", "a*b", "lifecycle.strated", "a\x00*"}, MinLevel: "huge", MaxAge: -1,
		Description: strings.Repeat("d", maxDescription+1), OrgUnit: "\x00",
	}
	got := faults(unfit.validate(Options{}))
	slices.Sort(got)
	want := []string{
		"/description length", "/max_age max", "/min_level oneof", "/org_unit nul", "/types nul", "/types/0 format", "/types/1 format", "/types/2 oneof",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the faults are %v, want %v", got, want)
	}
}

// faults returns the places and rules that an error of validate names.
func faults(err error) []string {
	var list []string
	if faulty, ok := errors.AsType[*Faulty](err); ok {
		for _, p := range faulty.Problems {
			list = append(list, p.Pointer+" "+p.Rule)
		}
	}
	return list
}
