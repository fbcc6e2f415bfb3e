package demo

import (
	"strconv"

	"github.com/google/uuid"

	"github.com/rapport-crm/rapport/domain"
)

// profile is the attributes with which a file is opened.
type profile struct {
	City     string `json:"city"`
	Language string `json:"language"`
	Drivers  int    `json:"drivers,omitempty"`
}

// register opens the customer's file.
func (l *life) register() {
	party, purpose := domain.PartyPerson, domain.PurposeConsumer
	first := profile{City: pick(&l.dice, "临河", "北山", "东湖", "南岭", "海门"), Language: pick(&l.dice, "zh", "zh", "zh", "en")}
	if l.firm {
		party, purpose = domain.PartyOrganisation, pick(&l.dice, domain.PurposeConsumer, domain.PurposeIntermediary, domain.PurposePublic)
		first.Drivers = l.dice.of(3, 60)
	}
	l.tell(domain.CustomerRegistered{PartyType: party, Purpose: purpose, Name: l.name, Attributes: encode(first)})
	l.tell(domain.CustomerIdentified{Scheme: "phone", Value: l.phone()})
	l.marketing = l.dice.chance(650)
	if l.marketing {
		consent := domain.ConsentGiven{Purpose: "marketing"}
		if l.dice.chance(200) {
			consent.ExpiresAt = l.now + 730*domain.Day
		}
		l.tell(consent)
	}
}

// phone returns a number of a range that is not given out.
func (l *life) phone() string { return "+86-100-" + strconv.Itoa(10_000_000+l.dice.below(90_000_000)) }

// plate returns a number plate of a region that does not exist.
func (l *life) plate() string {
	return "ZZ-" + string(rune('A'+l.dice.below(26))) + strconv.Itoa(10_000+l.dice.below(90_000))
}

// duplicate is a second file of the previous customer, opened by mistake. It is found weeks later and joins the first
// one; one merge in four turns out to be wrong.
func (l *life) duplicate(first *life) {
	l.name, l.dealer, l.firm = first.name, first.dealer, first.firm
	l.register()
	l.tell(domain.InquiryReceived{InquiryID: l.mint("INQ"), Category: "consultation", Channel: domain.ChannelWebsite})
	first.after(l.days(3, 40), func() {
		first.tell(domain.CustomerMerged{Absorbed: l.id, Reason: "same name and telephone number"})
		if l.dice.chance(250) {
			first.after(l.days(4, 20), func() { first.tell(domain.CustomerUnmerged{Absorbed: l.id, Reason: "father and son"}) })
		}
	})
}

// misfile now and then records a purchase twice or with a wrong amount, and puts it right the same day.
func (l *life) misfile(id string, buy domain.PurchaseRecorded) {
	switch luck := l.dice.below(1000); {
	case luck < 4:
		twin := l.tell(buy)
		l.after(l.minutes(20, 200), func() { l.tell(domain.EventRetracted{Target: twin, Reason: "recorded twice"}) })
	case luck < 9:
		right := buy
		right.Amount.Minor += 5000
		l.after(l.minutes(20, 200), func() { l.tell(domain.EventCorrected{Target: id, Data: encode(right), Reason: "wrong amount"}) })
	}
}

// lighting is the data of an event type that the catalogue does not know.
type lighting struct {
	Zone string `json:"zone"`
	Lux  int    `json:"lux"`
}

// paperwork is what seldom happens to a customer's file: a move, an override of the stage, a request to be forgotten,
// and events of a system whose types nobody has described yet.
func (l *life) paperwork() {
	switch luck := l.dice.below(1000); {
	case luck < 5:
		l.habit(l.days(1, 10), l.move)
	case luck < 8:
		l.by(l.owner, "", domain.CustomerStageOverridden{
			Stage:  pick(&l.dice, domain.StageMaturity, domain.StageDecline).String(),
			Reason: "Known to the owner in person.", Until: l.now + l.days(20, 90),
		})
	case luck < 10:
		l.habit(l.days(1, 20), func() {
			l.tell(domain.CustomerErasureRequested{RequestID: l.mint("ERA"), Reason: "no wish to be on file"})
			l.left = true
			l.end("asked to be forgotten")
		})
	case luck < 18:
		l.events++
		l.emitAs("showroom.lighting_changed", lighting{Zone: pick(&l.dice, "hall", "handover"), Lux: l.dice.of(300, 900)}, l.stamp("", ""))
	}
}

// warning returns the id of a warning on the list that the dealer keeps on paper.
func (l *life) warning() string {
	return uuid.NewSHA1(l.space, []byte("warning/"+l.id+"/"+l.mint("WRN"))).String()
}
