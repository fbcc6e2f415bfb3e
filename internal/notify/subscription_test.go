package notify

import (
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
		if got := c.subscription.wants(&c.news, now); got != c.want {
			t.Errorf("%s: wanted %t, want %t", name, got, c.want)
		}
	}
}

func TestValidateNamesEveryFault(t *testing.T) {
	t.Parallel()
	secrets := []Secret{{Key: NewKey()}}
	fit := Subscription{ID: "a", URL: "https://example.com/hook?x=1", Types: []string{"churn.*", "*", "a.b"}, MinLevel: "high", Secrets: secrets}
	if err := fit.Validate(false); err != nil {
		t.Errorf("a fit subscription has error %v", err)
	}
	for url, want := range map[string]string{
		"http://example.com": "https", "ftp://example.com": "https", "/hook": "host", "https://": "host", "https://:443/": "host",
		"https://ann:pw@example.com": "password", "https://example.com/#a": "fragment",
	} {
		s := fit
		s.URL = url
		if err := s.Validate(false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, want one that names %s", url, err, want)
		}
	}
	plain := fit
	plain.URL = "http://example.com"
	if err := plain.Validate(true); err != nil {
		t.Errorf("a URL without encryption has error %v where that is allowed", err)
	}
	unfit := Subscription{URL: "https://example.com", Types: []string{"", "a*b"}, MinLevel: "huge", MaxAge: -1, Secrets: []Secret{{Key: "k", ExpiresAt: time.Now()}}}
	err := unfit.Validate(false)
	for _, want := range []string{"id", `type ""`, `type "a*b"`, "huge", "negative", "current secret", "whsec_"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error %v does not name %s", err, want)
		}
	}
}
