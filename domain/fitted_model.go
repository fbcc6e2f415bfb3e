package domain

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/rapport-crm/rapport/domain/customerbase"
	"github.com/rapport-crm/rapport/domain/learnedrisk"
)

// ModelRole says what a model is used for.
type ModelRole string

// The roles of models.
const (
	// RolePurchase is a model of when customers buy again, in weeks of seven days.
	RolePurchase ModelRole = "purchase"
	// RoleSpend is a model of how much they spend on an occasion, in hundreds of minor units, which are the units of most currencies.
	RoleSpend ModelRole = "spend"
	// RoleRisk is the learned model of churn risk.
	RoleRisk ModelRole = "risk"
	// RoleClasses are the least values of the classes of the ABC analysis, in minor units.
	RoleClasses ModelRole = "classes"
	// RoleMigration is how customers come and go by the time since their last purchase, in periods.
	RoleMigration ModelRole = "migration"
)

// ModelRoles are all roles, in the order in which they are shown.
var ModelRoles = []ModelRole{RolePurchase, RoleSpend, RoleRisk, RoleClasses, RoleMigration}

// NameABC is the name of the model that has the role RoleClasses. It has a parameter for each currency and class but the
// last, for example "least.CNY.A": the least value of a customer of that class, in whole minor units.
const NameABC = "abc"

// leastPrefix begins the names of the parameters of NameABC.
const leastPrefix = "least."

// FittedModel is a model whose parameters were estimated from the log (event model.fitted), or set by hand. One model of
// each role is in force.
type FittedModel struct {
	// Name is the name of the model, for example "mbg_nbd".
	Name string `yaml:"name"`
	// Parameters are the estimates.
	Parameters map[string]float64 `yaml:"parameters"`
	// Currency is that of the amounts the estimate rests on, for a model of spend.
	Currency string `yaml:"currency"`
	// Measure is what the customers were ranked by, for the classes of the ABC analysis: those of another measure than that of
	// the policy are not in force. Empty stands for that of the policy.
	Measure ValueMeasure `yaml:"measure,omitempty"`
	// From and To are the time the estimate rests on, in RFC 3339, Customers how many customers it rests on, and LogLikelihood is
	// that of the estimate. They are notes: nothing is computed from them.
	From          string  `yaml:"from"`
	To            string  `yaml:"to"`
	Customers     int64   `yaml:"customers"`
	LogLikelihood float64 `yaml:"log_likelihood"`
}

// Models are the fitted models of a policy by role. Nil stands for a document that says nothing of models: those in force
// stay when it is published. An empty map says that there are none.
type Models map[string]FittedModel

// IsZero reports whether the models are to be left out of a document.
func (m Models) IsZero() bool { return m == nil }

// RoleOf returns the role of the models of a name, empty for an unknown one.
func RoleOf(name string) ModelRole {
	switch name {
	case customerbase.NameMBGNBD, customerbase.NameBGNBD, customerbase.NameParetoNBD, customerbase.NameNBD:
		return RolePurchase
	case customerbase.NameGammaGamma:
		return RoleSpend
	case learnedrisk.Name:
		return RoleRisk
	case NameABC:
		return RoleClasses
	case customerbase.NameMigration:
		return RoleMigration
	}
	return ""
}

// Fitted returns the model that the event says was fitted, with its role. The error is an *Invalid when there is no such model, or
// its parameters are not those of the model.
func (d *ModelFitted) Fitted() (ModelRole, FittedModel, error) {
	m := FittedModel{
		Name: strings.Clone(d.Model), Currency: strings.Clone(d.Currency), Measure: ValueMeasure(strings.Clone(d.Measure)), From: noted(d.WindowFrom), To: noted(d.WindowTo),
		Customers: d.N, LogLikelihood: d.LogLikelihood, Parameters: map[string]float64{},
	}
	role := RoleOf(m.Name)
	if role == "" {
		return "", m, &Invalid{Problems: []Problem{{Pointer: "/data/model", Rule: "model", Message: "is no model that has a role"}}}
	}
	if len(d.Parameters) > 0 {
		if err := json.Unmarshal(d.Parameters, &m.Parameters); err != nil {
			return "", m, &Invalid{Problems: []Problem{{Pointer: "/data/parameters", Rule: "parameters", Message: err.Error()}}}
		}
	}
	if err := m.check(role); err != nil {
		return "", m, &Invalid{Problems: []Problem{{Pointer: "/data/parameters", Rule: "parameters", Message: err.Error()}}}
	}
	return role, m, nil
}

// noted returns the instant as a model notes it, empty for none.
func noted(at Instant) string {
	if at == 0 {
		return ""
	}
	return at.String()
}

// check returns an error unless the parameters are those of the model, and the model has that role.
func (m *FittedModel) check(role ModelRole) error {
	var err error
	switch {
	case RoleOf(m.Name) != role:
		return fmt.Errorf("%q is no model of the role %s", m.Name, role)
	case role == RolePurchase:
		_, err = customerbase.NewPurchaseModel(m.Name, m.Parameters)
	case role == RoleSpend:
		_, err = customerbase.NewGammaGamma(m.Parameters)
	case role == RoleRisk:
		_, err = learnedrisk.New(m.Parameters)
	case m.Measure != "" && !slices.Contains(ValueMeasures(), m.Measure):
		return fmt.Errorf("the measure must be one of purchases, revenue, profit")
	case role == RoleClasses:
		_, err = LeastValues(m.Parameters)
	case role == RoleMigration:
		_, err = customerbase.NewMigration(m.Parameters)
	}
	return err
}

// LeastValues returns the least values of the classes of the ABC analysis, in minor units, by currency and class.
func LeastValues(parameters map[string]float64) (map[string]map[string]int64, error) {
	least := make(map[string]map[string]int64)
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		rest, ok := strings.CutPrefix(name, leastPrefix)
		currency, class, found := strings.Cut(rest, ".")
		if !ok || !found || currency == "" || !validID(class) {
			return nil, fmt.Errorf(`%s: %q is no parameter such as "least.CNY.A"`, NameABC, name)
		}
		value := parameters[name]
		if value != math.Trunc(value) || math.Abs(value) > 1<<53 {
			return nil, fmt.Errorf("%s: %s is %v, must be a whole number of minor units", NameABC, name, value)
		}
		if least[currency] == nil {
			least[currency] = make(map[string]int64)
		}
		least[currency][class] = int64(value)
	}
	return least, nil
}

// LeastName returns the name of the parameter of NameABC for a class in a currency.
func LeastName(currency, class string) string { return leastPrefix + currency + "." + class }

// checkModels reports every model that is not what its role needs.
func (p *Policy) checkModels(fault func(ok bool, field, rule string)) {
	for _, role := range slices.Sorted(maps.Keys(p.Models)) {
		m, field := p.Models[role], "models."+role
		fault(slices.Contains(ModelRoles, ModelRole(role)), field, "must be one of purchase, spend, risk, classes, migration")
		fault(RoleOf(m.Name) == ModelRole(role), field+".name", "must be the name of a model of that role")
		if RoleOf(m.Name) == ModelRole(role) {
			if err := m.check(ModelRole(role)); err != nil {
				fault(false, field+".parameters", "must be those of the model: "+err.Error())
			}
		}
		fault(m.Currency == "" || validID(m.Currency), field+".currency", "must be a currency such as CNY")
		fault(isNoted(m.From), field+".from", "must be a time such as 2026-03-01T09:30:00Z")
		fault(isNoted(m.To), field+".to", "must be a time such as 2026-03-01T09:30:00Z")
		fault(m.Customers >= 0, field+".customers", "must not be negative")
		fault(!math.IsNaN(m.LogLikelihood) && !math.IsInf(m.LogLikelihood, 0), field+".log_likelihood", "must be finite")
	}
}

func isNoted(at string) bool {
	_, err := ParseInstant(at)
	return at == "" || err == nil
}

// Equal reports whether two models are the same, with their notes.
func (m FittedModel) Equal(other FittedModel) bool { return reflect.DeepEqual(m, other) }
