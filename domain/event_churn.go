package domain

// Attitude says how the customer speaks of a competitor (LOY-07). The list is open: the constants are the words that
// the default policy knows.
type Attitude string

// The attitudes that the default policy knows.
const (
	AttitudeFavourable   Attitude = "favourable"
	AttitudeNeutral      Attitude = "neutral"
	AttitudeUnfavourable Attitude = "unfavourable"
)

// LossNature says whether a lost customer is expected back (CHN-05).
type LossNature string

// The natures of a loss.
const (
	LossPermanent LossNature = "permanent"
	LossTemporary LossNature = "temporary"
)

func (LossNature) values() []string { return []string{string(LossPermanent), string(LossTemporary)} }

// ChurnCause says why a customer left: one of nine causes, five on the side of the enterprise (CHN-03) and four on
// the side of the customer (CHN-04).
type ChurnCause string

// The causes of churn. The first five lie on the side of the enterprise.
const (
	CauseProductQuality   ChurnCause = "product_quality"
	CauseServiceQuality   ChurnCause = "service_quality"
	CauseStaffLeft        ChurnCause = "staff_left"
	CauseLackOfInnovation ChurnCause = "lack_of_innovation"
	CauseGivenUp          ChurnCause = "given_up"
	CauseCompetitor       ChurnCause = "competitor"
	CauseNeedChanged      ChurnCause = "need_changed"
	CauseMalicious        ChurnCause = "malicious"
	CauseObjective        ChurnCause = "objective"
)

func (ChurnCause) values() []string {
	return []string{string(CauseProductQuality), string(CauseServiceQuality), string(CauseStaffLeft),
		string(CauseLackOfInnovation), string(CauseGivenUp), string(CauseCompetitor), string(CauseNeedChanged),
		string(CauseMalicious), string(CauseObjective)}
}

// Side returns on whose side the cause lies, or the empty string for a cause that is none of the nine.
func (c ChurnCause) Side() CauseSide {
	switch c {
	case CauseProductQuality, CauseServiceQuality, CauseStaffLeft, CauseLackOfInnovation, CauseGivenUp:
		return SideEnterprise
	case CauseCompetitor, CauseNeedChanged, CauseMalicious, CauseObjective:
		return SideCustomer
	}
	return ""
}

// Decision says whether a lost customer is to be won back (CHN-09).
type Decision string

// The decisions about a lost customer.
const (
	DecisionRecover Decision = "recover"
	DecisionLetGo   Decision = "let_go"
)

func (Decision) values() []string { return []string{string(DecisionRecover), string(DecisionLetGo)} }

// CompetitorMentioned says that the customer spoke of a competitor (LOY-07, W04).
type CompetitorMentioned struct {
	// Attitude is how the customer spoke of the competitor: "favourable", "neutral", "unfavourable" or another word
	// that the policy knows.
	Attitude Attitude `json:"attitude" rule:"required,id"`
	// Competitor is the name of the competitor.
	Competitor string `json:"competitor,omitzero" rule:"id"`
	// Text is what the customer said.
	Text string `json:"text,omitzero" personal:"true"`
}

// CompetitorPurchased says that the customer bought from a competitor (SV-14, CHN-01).
type CompetitorPurchased struct {
	// Competitor is the name of the competitor.
	Competitor string `json:"competitor,omitzero" rule:"id"`
	// Product is what was bought.
	Product string `json:"product,omitzero" rule:"id"`
	// Amount is what it cost, when the customer told.
	Amount *Money `json:"amount,omitzero" rule:"min=0"`
}

// PriceObjected says that the customer found a price too high (LOY-06, W03).
type PriceObjected struct {
	// Product is the product whose price it was.
	Product string `json:"product,omitzero" rule:"id"`
	// OpportunityID is the id of the opportunity in which it was said.
	OpportunityID string `json:"opportunity_id,omitzero" rule:"id"`
	// Text is what the customer said.
	Text string `json:"text,omitzero" personal:"true"`
}

// NeedChanged says that the customer needs something else than before (SV-17, W09).
type NeedChanged struct {
	// Product is the product the need was for.
	Product string `json:"product,omitzero" rule:"id"`
	// Text is what the customer needs now.
	Text string `json:"text,omitzero" personal:"true"`
}

// CustomerLost says that the customer is known to have left (CHN-01, CHN-05). A lost customer can still be won back.
type CustomerLost struct {
	// Nature is whether the customer is expected back.
	Nature LossNature `json:"nature" rule:"required"`
	// Evidence is how the loss is known.
	Evidence string `json:"evidence,omitzero" personal:"true"`
	// Competitor is the name of the competitor the customer went to.
	Competitor string `json:"competitor,omitzero" rule:"id"`
}

// CustomerReturned says that a lost customer came back (CHN-05).
type CustomerReturned struct {
	// Note is how the return is known.
	Note string `json:"note,omitzero" personal:"true"`
}

// ChurnCauseDetermined says that the cause of a loss was found (CHN-03, CHN-04).
type ChurnCauseDetermined struct {
	// Cause is one of the nine causes.
	Cause ChurnCause `json:"cause" rule:"required"`
	// Note is what the finding rests on.
	Note string `json:"note,omitzero" personal:"true"`
}

// WinBackDecided says that it was decided whether to win a lost customer back or to let them go (CHN-09).
type WinBackDecided struct {
	// Decision is what was decided.
	Decision Decision `json:"decision" rule:"required"`
	// Reason is why it was decided so.
	Reason string `json:"reason,omitzero" personal:"true"`
}

// WinBackStarted says that work on winning the customer back began (CHN-06).
type WinBackStarted struct {
	// WinBackID is the id of the case. Absent means the only open case of the customer.
	WinBackID string `json:"win_back_id,omitzero" rule:"id"`
	// Owner is the id of the employee who is responsible.
	Owner string `json:"owner,omitzero" rule:"id"`
}

// WinBackContactMade says that a lost customer was visited or called (CHN-11, CHN-13).
type WinBackContactMade struct {
	// WinBackID is the id of the case. Absent means the only open case of the customer.
	WinBackID string `json:"win_back_id,omitzero" rule:"id"`
	// Channel is the channel that was used.
	Channel Channel `json:"channel,omitzero"`
	// Employee is the id of the employee who made the contact.
	Employee string `json:"employee,omitzero" rule:"id"`
	// Apology says whether the firm apologised.
	Apology *bool `json:"apology,omitzero"`
	// Note is what the customer said and what was agreed.
	Note string `json:"note,omitzero" personal:"true"`
}

// WinBackOfferMade says that a lost customer was offered terms to come back (CHN-11, CP-07).
type WinBackOfferMade struct {
	// WinBackID is the id of the case. Absent means the only open case of the customer.
	WinBackID string `json:"win_back_id,omitzero" rule:"id"`
	// OfferID is the id of the offer within the case.
	OfferID string `json:"offer_id,omitzero" rule:"id"`
	// Terms is what was offered, as a short code or phrase that reports group by.
	Terms string `json:"terms,omitzero" rule:"len=256"`
	// Cost is what the offer costs the firm if it is accepted.
	Cost *Money `json:"cost,omitzero" rule:"min=0"`
	// ExpiresAt is when the offer lapses.
	ExpiresAt Instant `json:"expires_at,omitzero"`
}

// WinBackOfferAccepted says that the customer took the offer (CHN-11).
type WinBackOfferAccepted struct {
	// WinBackID is the id of the case. Absent means the only open case of the customer.
	WinBackID string `json:"win_back_id,omitzero" rule:"id"`
	// OfferID is the id of the offer. Absent means the newest offer.
	OfferID string `json:"offer_id,omitzero" rule:"id"`
}

// WinBackOfferDeclined says that the customer did not want the offer (CHN-11).
type WinBackOfferDeclined struct {
	// WinBackID is the id of the case. Absent means the only open case of the customer.
	WinBackID string `json:"win_back_id,omitzero" rule:"id"`
	// OfferID is the id of the offer. Absent means the newest offer.
	OfferID string `json:"offer_id,omitzero" rule:"id"`
	// Reason is why the customer declined, as a short code or phrase that reports group by.
	Reason string `json:"reason,omitzero" rule:"len=256"`
}

// The results of a win-back case that the default policy knows. The list is open.
const (
	WinBackWon  = "won"
	WinBackLost = "lost"
)

// WinBackClosed says that work on winning the customer back ended (CHN-12).
type WinBackClosed struct {
	// WinBackID is the id of the case. Absent means the only open case of the customer.
	WinBackID string `json:"win_back_id,omitzero" rule:"id"`
	// Result is how the case ended, for example "won" or "lost".
	Result string `json:"result" rule:"required,id"`
	// Note is what can be learned from it (CHN-19).
	Note string `json:"note,omitzero" personal:"true"`
}

// EmployeeLeft says that an employee left the firm (CHN-17, W08). The subject is the employee, with the prefix
// "employee:"; the customers the employee owned are told by events of their own.
type EmployeeLeft struct {
	// Successor is the id of the employee who takes over the customers.
	Successor string `json:"successor,omitzero" rule:"id"`
	// Reason is why the employee left, as a short code or phrase that reports group by.
	Reason string `json:"reason,omitzero" rule:"len=256"`
}

// MassLossObserved says that in one month unusually many customers of an organisation unit were reported lost for the same
// cause and with the same product (CHN-10). The subject is the unit, with the prefix "org:". The engine finds it; others
// may report it too. There is one event of a unit, month, cause and product: its id is that of MassLossID.
type MassLossObserved struct {
	// Month is the month of the losses, as 2026-10.
	Month string `json:"month" rule:"required,id"`
	// Cause is the cause of the losses, empty when it was not determined.
	Cause string `json:"cause,omitzero" rule:"id"`
	// Product is what the customers had bought last, empty when it is not known.
	Product string `json:"product,omitzero" rule:"id"`
	// Losses is how many customers had been lost when it was noticed.
	Losses int64 `json:"losses" rule:"required,min=1"`
	// Evidence is the ids of the losses.
	Evidence []string `json:"evidence,omitempty"`
}

// MassLossID returns the id of the event that tells of a mass loss, the same whoever notices it.
func MassLossID(unit, month, cause, product string) string {
	return DerivedID("mass_loss.observed", unit, month, cause, product)
}
