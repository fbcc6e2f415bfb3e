package customerbase_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rapport-crm/rapport/domain/customerbase"
)

var rewrite = flag.Bool("rewrite", false, "write testdata/bits.txt anew")

// TestResultsHaveTheRecordedBits holds on every platform, also where the compiler fuses the products and sums that stand
// bare, for example with GOAMD64=v3.
func TestResultsHaveTheRecordedBits(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	get := value(t)
	line := func(name string, results ...float64) {
		fmt.Fprint(&out, name)
		for _, x := range results {
			fmt.Fprint(&out, " ", strconv.FormatFloat(x, 'x', -1, 64))
		}
		fmt.Fprintln(&out)
	}
	for _, m := range []customerbase.PurchaseModel{
		cdnowMBG, cdnowBG, cdnowPareto, customerbase.NBD{R: 0.384766, Alpha: 12.072024}, customerbase.MBGNBD{R: 5, Alpha: 0.01, A: 1e-3, B: 2000},
		customerbase.ParetoNBD{R: 10.465, Alpha: 0.00798565181, S: 3.0516, Beta: 2.82},
	} {
		for _, h := range []customerbase.History{history(0, 0, 38.875), history(2, 30.5, 38.875), history(26, 30.875, 31), history(200, 38, 40)} {
			line(fmt.Sprintf("%s(%d,%v,%v)", m.Name(), h.Repeats, h.Last, h.Age), get(m.LogLikelihood(h)), get(m.Alive(h)),
				get(m.NoPurchase(h, 26)), get(m.Expected(h, 26)), get(customerbase.AgeWhenSilent(m, h.Repeats, h.Last, 26, 0.9)))
		}
		line(m.Name(), get(m.ExpectedRepeats(52)))
	}
	line("counts", get(cdnowMBG.Repeats(3, 39)), get(cdnowBG.Repeats(3, 39)), get(cdnowPareto.ResidualTransactions(history(2, 30.5, 38.875), 0.0027)))
	donors := customerbase.BGBB{Alpha: 1.203522, Beta: 0.749716, Gamma: 0.656718, Delta: 2.783443}
	record := customerbase.Record{Repeats: 2, Last: 4, Opportunities: 6}
	line("bg_bb", get(donors.LogLikelihood(record)), get(donors.Alive(record)), get(donors.Expected(record, 10)), get(donors.NoPurchase(record, 3)))
	spend := customerbase.GammaGamma{P: 6.248804, Q: 3.744589, V: 15.447745}
	line("gamma_gamma", get(spend.LogLikelihood(customerbase.Spend{Repeats: 3, Mean: 29.73})), get(spend.ExpectedSpend(3, 29.73)))
	contract := customerbase.SBG{Alpha: 0.668088, Beta: 3.806095}
	line("sbg", get(contract.LogLikelihood(highEnd)), get(contract.Survival(12)), get(contract.DiscountedPeriods(3, 10, 0.1)))
	worth, err := customerbase.RecencyChain([]float64{0.3, 0.2, 0.15, 0.05}, 40, 4).LongRunValue(0.2)
	if err != nil {
		t.Fatal(err)
	}
	line("chain", worth...)
	path := filepath.Join("testdata", "bits.txt")
	if *rewrite {
		if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("the results are\n%s\nwant\n%s", out.Bytes(), want)
	}
}

func BenchmarkMBGNBD(b *testing.B) {
	h := history(2, 30.5, 38.875)
	for name, f := range map[string]func() (float64, error){
		"alive":       func() (float64, error) { return cdnowMBG.Alive(h) },
		"no purchase": func() (float64, error) { return cdnowMBG.NoPurchase(h, 26) },
		"expected":    func() (float64, error) { return cdnowMBG.Expected(h, 26) },
		"alert age":   func() (float64, error) { return customerbase.AgeWhenSilent(cdnowMBG, 2, 30.5, 26, 0.9) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := f(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
