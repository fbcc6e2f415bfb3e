package customerbase_test

import (
	"fmt"
	"math"
	"strconv"
	"testing"

	"github.com/rapport-crm/rapport/domain/customerbase"
)

// sameDigits says whether got has the nine digits of want, which is printed with so many. Values were computed with
// another implementation, so one unit of the last digit is allowed.
func sameDigits(t testing.TB, got float64, want string) bool {
	t.Helper()
	w := number(t, want)
	unit := math.Pow(10, math.Floor(math.Log10(math.Abs(w)))-8)
	return math.Abs(got-w) <= unit
}

// goldenHistory returns the history of a row. Times are printed with nine digits; the exact ones are whole days.
func goldenHistory(t testing.TB, row map[string]string) customerbase.History {
	t.Helper()
	x, err := strconv.Atoi(row["x"])
	if err != nil {
		t.Fatal(err)
	}
	days := func(weeks string) float64 { return math.Round(number(t, weeks)*7) / 7 }
	return history(x, days(row["tx"]), days(row["T"]))
}

func TestEveryCustomerOfTheCDNOWSampleHasTheGoldenValues(t *testing.T) {
	t.Parallel()
	models := map[string]customerbase.PurchaseModel{"bg": cdnowBG, "mbg": cdnowMBG, "pnbd": cdnowPareto}
	rows := readTable(t, "cdnow/cdnow_sample_golden.csv")
	if len(rows) != 2357 {
		t.Fatalf("%d customers, want 2357", len(rows))
	}
	for prefix, m := range models {
		t.Run(m.Name(), func(t *testing.T) {
			t.Parallel()
			get := value(t)
			for _, row := range rows {
				h := goldenHistory(t, row)
				for column, got := range map[string]float64{
					"palive": get(m.Alive(h)),
					"p0_39":  get(m.NoPurchase(h, 39)),
					"cet39":  get(m.Expected(h, 39)),
				} {
					if want := row[prefix+"_"+column]; !sameDigits(t, got, want) {
						t.Errorf("customer %s: %s is %.12g, want %s", row["id"], column, got, want)
					}
				}
			}
		})
	}
}

func cdnowSample(t testing.TB) *customerbase.Sample {
	t.Helper()
	var groups []customerbase.Group
	for _, row := range readTable(t, "cdnow/cdnow_sample_golden.csv") {
		groups = append(groups, customerbase.Group{History: goldenHistory(t, row), Customers: 1})
	}
	s, err := customerbase.NewSample(groups)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheSampleOfCDNOWHasThePublishedLogLikelihoods(t *testing.T) {
	t.Parallel()
	s := cdnowSample(t)
	if s.Customers() != 2357 || s.RepeatBuyers() != 946 {
		t.Errorf("%d customers with %d repeat buyers, want 2357 with 946", s.Customers(), s.RepeatBuyers())
	}
	for m, want := range map[customerbase.PurchaseModel]string{
		cdnowBG: "-9582.429207", cdnowMBG: "-9582.135716", cdnowPareto: "-9594.976179",
		customerbase.NBD{R: 0.384766, Alpha: 12.072024}: "-9763.658",
		// CLVTools prints these parameters of BG/NBD and Pareto/NBD, the vignette of BTYD the next ones.
		customerbase.BGNBD{R: 0.2425945, Alpha: 4.4136019, A: 0.7929199, B: 2.4258881}:  "-9582.429",
		customerbase.ParetoNBD{R: 0.55315, Alpha: 10.57633, S: 0.60625, Beta: 11.67150}: "-9594.976",
		customerbase.BGNBD{R: 0.2425982, Alpha: 4.4136842, A: 0.7929899, B: 2.4261667}:  "-9582.429",
		customerbase.ParetoNBD{R: 0.553, Alpha: 10.580, S: 0.606, Beta: 11.656}:         "-9594.976",
		// lifetimes prints these, the last ones from BTYDplus.
		customerbase.ParetoNBD{R: 0.553, Alpha: 10.578, S: 0.606, Beta: 11.669}: "-9594.976",
		customerbase.MBGNBD{R: 0.525, Alpha: 6.183, A: 0.891, B: 1.614}:         "-9582.136",
	} {
		get := value(t)
		whole := get(m.SampleLogLikelihood(s))
		printed(t, m.Name()+" log-likelihood", whole, want)
		sum := 0.0
		for g := range s.Groups() {
			sum += float64(g.Customers) * get(m.LogLikelihood(g.History))
		}
		near(t, m.Name()+" sum of log-likelihoods", sum, whole, 1e-12)
	}
}

// TestHoldoutMeansOfTheBTYDVignette compares expected purchases in the 39 weeks after the calibration, by the number
// of repeat purchases in it (7 for 7 and more).
func TestHoldoutMeansOfTheBTYDVignette(t *testing.T) {
	t.Parallel()
	rows := readTable(t, "cdnow/cdnow_sample_golden.csv")
	for m, want := range map[customerbase.PurchaseModel][8]string{
		cdnowBG:     {".2251", ".5231", "1.0441", "1.5203", "2.1638", "2.6538", "3.5040", "6.157"},
		cdnowPareto: {".138", ".600", "1.196", "1.714", "2.399", "2.907", "3.819", "6.403"},
	} {
		var n, sum, actual [8]float64
		for _, row := range rows {
			h := goldenHistory(t, row)
			i := min(h.Repeats, 7)
			n[i]++
			sum[i] += value(t)(m.Expected(h, 39))
			actual[i] += number(t, row["holdout_purchases"])
		}
		if n != [8]float64{1411, 439, 214, 100, 62, 38, 29, 64} {
			t.Errorf("the customers by repeat purchases are %v", n)
		}
		for i, bought := range [8]string{".237", ".697", "1.393", "1.560", "2.532", "2.947", "3.862", "6.359"} {
			printed(t, fmt.Sprintf("mean of actual purchases after %d", i), actual[i]/n[i], bought)
			printed(t, fmt.Sprintf("%s: expected purchases after %d", m.Name(), i), sum[i]/n[i], want[i])
		}
	}
}
