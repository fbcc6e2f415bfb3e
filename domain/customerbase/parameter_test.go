package customerbase_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rapport-crm/rapport/domain/customerbase"
)

// recorded are models as events hold them, and how each is restored.
var recorded = []struct {
	model interface {
		Name() string
		Parameters() []customerbase.Parameter
	}
	restore func(parameters map[string]float64) (any, error)
}{
	{cdnowMBG, purchaseModel(customerbase.NameMBGNBD)},
	{cdnowBG, purchaseModel(customerbase.NameBGNBD)},
	{cdnowPareto, purchaseModel(customerbase.NameParetoNBD)},
	{customerbase.NBD{R: 1, Alpha: 2}, purchaseModel(customerbase.NameNBD)},
	{customerbase.GammaGamma{P: 6.25, Q: 3.74, V: 15.44}, func(p map[string]float64) (any, error) { return customerbase.NewGammaGamma(p) }},
	{customerbase.SBG{Alpha: 0.668, Beta: 3.806}, func(p map[string]float64) (any, error) { return customerbase.NewSBG(p) }},
}

func purchaseModel(name string) func(parameters map[string]float64) (any, error) {
	return func(p map[string]float64) (any, error) { return customerbase.NewPurchaseModel(name, p) }
}

func TestModelsAreRestoredFromTheirParametersByName(t *testing.T) {
	t.Parallel()
	for _, c := range recorded {
		again, err := c.restore(customerbase.Named(c.model.Parameters()))
		if err != nil || again != c.model {
			t.Errorf("%+v became %+v, %v", c.model, again, err)
		}
	}
	if _, err := customerbase.NewPurchaseModel("rfm", nil); !errors.Is(err, customerbase.ErrParameters) || !strings.Contains(err.Error(), `"rfm"`) {
		t.Errorf("the error of an unknown model is %v", err)
	}
}

// TestErrorsNameTheParameter for each parameter of each model: missing, impossible, and one too many.
func TestErrorsNameTheParameter(t *testing.T) {
	t.Parallel()
	for _, c := range recorded {
		refused := func(name string, change func(p map[string]float64)) {
			p := customerbase.Named(c.model.Parameters())
			change(p)
			_, err := c.restore(p)
			if !errors.Is(err, customerbase.ErrParameters) || !strings.Contains(err.Error(), c.model.Name()+": ") || !strings.Contains(err.Error(), name) {
				t.Errorf("%s without a good %s: the error is %v", c.model.Name(), name, err)
			}
		}
		for _, p := range c.model.Parameters() {
			refused(p.Name+" is missing", func(named map[string]float64) { delete(named, p.Name) })
			refused(p.Name+" is 0", func(named map[string]float64) { named[p.Name] = 0 })
		}
		refused("no parameter lambda", func(named map[string]float64) { named["lambda"] = 1 })
	}
}
