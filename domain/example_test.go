package domain_test

import (
	"errors"
	"fmt"

	"github.com/rapport-crm/rapport/domain"
)

func ExampleDecoder_Decode() {
	d := domain.NewDecoder()
	typ, _ := domain.Lookup("purchase.recorded")

	v, err := d.Decode(typ, []byte(`{"amount": {"minor": 129900, "currency": "CNY"}, "product": "engine-oil-5w30"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	purchase := v.(*domain.PurchaseRecorded)
	fmt.Println(purchase.Amount.Minor, purchase.Amount.Currency, purchase.Product)

	_, err = d.Decode(typ, []byte(`{"amount": {"minor": -1, "currency": "CNY"}, "quantity": "two"}`))
	var invalid *domain.Invalid
	if errors.As(err, &invalid) {
		for _, p := range invalid.Problems {
			fmt.Println(p.Pointer, p.Rule, p.Message)
		}
	}
	// Output:
	// 129900 CNY engine-oil-5w30
	// /data/amount/minor min must be at least 0
	// /data/quantity type must be a whole number
}
