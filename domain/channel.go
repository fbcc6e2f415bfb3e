package domain

// Channel says through which channel the firm and a customer were in touch. The list is closed (IC-05): an unknown
// channel is refused and never mapped to a known one.
type Channel string

// The channels between one employee or program and one customer.
const (
	ChannelFaceToFace      Channel = "face_to_face"
	ChannelVisit           Channel = "visit"
	ChannelVisitByCustomer Channel = "visit_by_customer"
	ChannelPhone           Channel = "phone"
	ChannelCallCentre      Channel = "call_centre"
	ChannelCATI            Channel = "cati"
	ChannelLetter          Channel = "letter"
	ChannelFax             Channel = "fax"
	ChannelEmail           Channel = "email"
	ChannelWebsite         Channel = "website"
	ChannelInternet        Channel = "internet"
	ChannelSocialMedia     Channel = "social_media"
	ChannelMobileSales     Channel = "mobile_sales"
	ChannelClub            Channel = "club"
	ChannelIntermediary    Channel = "intermediary"
	ChannelMembership      Channel = "membership_system"
)

// The channels that speak to many customers at once.
const (
	ChannelDirectMail  Channel = "direct_mail"
	ChannelExhibition  Channel = "exhibition"
	ChannelNewspaper   Channel = "newspaper"
	ChannelMagazine    Channel = "magazine"
	ChannelRadio       Channel = "radio"
	ChannelTV          Channel = "tv"
	ChannelBillboard   Channel = "billboard"
	ChannelEnvironment Channel = "environment"
	ChannelEvent       Channel = "event"
	ChannelPeriodical  Channel = "periodical"
)

// Broadcast reports whether the channel speaks to many customers at once. Such a message is not a contact with one
// customer, so it cannot collide with a colleague's call.
func (c Channel) Broadcast() bool {
	switch c {
	case ChannelDirectMail, ChannelExhibition, ChannelNewspaper, ChannelMagazine, ChannelRadio, ChannelTV,
		ChannelBillboard, ChannelEnvironment, ChannelEvent, ChannelPeriodical:
		return true
	}
	return false
}

// channels are all channels. Those used most come first: the decoder searches in this order.
var channels = []Channel{
	ChannelPhone, ChannelEmail, ChannelVisit, ChannelFaceToFace, ChannelWebsite, ChannelLetter,
	ChannelVisitByCustomer, ChannelCallCentre, ChannelCATI, ChannelFax, ChannelInternet, ChannelSocialMedia,
	ChannelMobileSales, ChannelClub, ChannelIntermediary, ChannelMembership,
	ChannelDirectMail, ChannelExhibition, ChannelNewspaper, ChannelMagazine, ChannelRadio, ChannelTV,
	ChannelBillboard, ChannelEnvironment, ChannelEvent, ChannelPeriodical,
}

// Channels returns all channels. The slice is shared.
func Channels() []Channel { return channels }

func (Channel) values() []string {
	names := make([]string, len(channels))
	for i, c := range channels {
		names[i] = string(c)
	}
	return names
}
