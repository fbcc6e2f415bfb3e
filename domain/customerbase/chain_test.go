package customerbase_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/rapport-crm/rapport/domain/customerbase"
)

func TestMigrationValuesOfPfeiferAndCarraway2000(t *testing.T) {
	t.Parallel()
	c := customerbase.RecencyChain([]float64{0.3, 0.2, 0.15, 0.05}, 40, 4)
	if fmt.Sprint(c.Reward) != "[36 -4 -4 -4 0]" {
		t.Errorf("the rewards are %v", c.Reward)
	}
	short, err := c.Value(4, 0.2)
	if err != nil {
		t.Fatal(err)
	}
	long, err := c.LongRunValue(0.2)
	if err != nil {
		t.Fatal(err)
	}
	for i := range short {
		stage := fmt.Sprintf("value of recency %d", i+1)
		printed(t, stage, short[i], []string{"50.115", "4.220", "0.592", "-1.980", "0.000"}[i])
		printed(t, stage, long[i], []string{"52.320", "5.554", "1.251", "-1.820", "0.000"}[i])
	}
	far, err := c.Value(400, 0.2)
	if err != nil {
		t.Fatal(err)
	}
	for i := range far[:4] {
		near(t, "value over 400 periods", far[i], long[i], 1e-12)
	}
}

// TestRetentionChainIsAGeometricSeries: margin m each period at retention r is worth m (1 + d) / (1 + d - r).
func TestRetentionChainIsAGeometricSeries(t *testing.T) {
	t.Parallel()
	v, err := customerbase.RetentionChain(0.8, 100).LongRunValue(0.1)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "value", v[0], 100*1.1/(1.1-0.8), 1e-13)
}

func TestImpossibleChainsAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]customerbase.Chain{
		"nothing":      {},
		"no square":    {Transition: [][]float64{{1}, {1}}, Reward: []float64{1, 1}},
		"sum below 1":  {Transition: [][]float64{{0.5}}, Reward: []float64{1}},
		"negative":     customerbase.RecencyChain([]float64{-0.1}, 1, 1),
		"above 1":      customerbase.RecencyChain([]float64{1.1}, 1, 1),
		"missing rows": {Transition: [][]float64{{1, 0}}, Reward: []float64{1, 1}},
	} {
		if _, err := c.Value(3, 0.1); !errors.Is(err, customerbase.ErrParameters) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	if _, err := customerbase.RetentionChain(1, 1).LongRunValue(0); !errors.Is(err, customerbase.ErrNoValue) {
		t.Errorf("without discount the error is %v", err)
	}
}
