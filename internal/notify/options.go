package notify

import (
	"cmp"
	"crypto/x509"
	"log/slog"
	"net/netip"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/mail"
	"github.com/rapport-crm/rapport/projections"
)

// Options are the settings of a Deliverer. The zero value of each field is a documented default.
type Options struct {
	// Topics are the topics that outputs are read from. Default: all output topics.
	Topics []string
	// Schedule says when to send again.
	Schedule Schedule
	// Timeout bounds one request, from the name lookup to the end of the answer. Default: 15 s.
	Timeout time.Duration
	// PerEndpoint is the number of requests to one endpoint at a time. Default: 4.
	PerEndpoint int
	// Concurrency is the number of requests at a time. Endpoints with the fewest in flight go first. Default: 256.
	Concurrency int
	// Poll is how often the store is asked what is due, and how long a change of a subscription may go unnoticed.
	// Default: 1 s.
	Poll time.Duration
	// Drain is how long requests in flight may go on when Run ends. Those cut off then are made again. Default: 10 s.
	Drain time.Duration
	// BreakerFailures is the number of failures in a row after which an endpoint is left alone. Default: 5.
	BreakerFailures int
	// BreakerPause is for how long. Then one request is made, and its outcome decides. Default: 1 minute.
	BreakerPause time.Duration
	// MaxSubscriptions is how many subscriptions there may be. Default: 200.
	MaxSubscriptions int
	// AllowHTTP accepts URLs without encryption. Default: they must begin with https.
	AllowHTTP bool
	// AllowPrivate are networks that may be reached although they are not on the public Internet. Default: none.
	AllowPrivate []netip.Prefix
	// RootCAs are who may sign the certificates of receivers. Default: those of the system.
	RootCAs *x509.CertPool
	// Mail is the mail server for addresses of people (mailto:). Default: such addresses are refused.
	Mail *mail.Server
	// PublicURL is where people reach the API; letters lead there. Default: they lead nowhere.
	PublicURL string
	// Zone returns the time zone of digests, and of quiet hours that name none. Default: it is UTC.
	Zone func() *time.Location
	// DayOff reports whether nobody works on a date; see QuietHours.NonWorking. Default: everybody works every day.
	DayOff func(domain.Date) bool
	// Poison gets the messages that are no outputs, on PoisonTopic. Default: they are logged and passed over.
	Poison message.Publisher
	// PoisonTopic is the topic for those. Default: "rapport.webhooks.poison".
	PoisonTopic string
	// KeepDelivered is how long delivered deliveries stay in the journal, and how long a repeated output is recognised.
	// Default: 30 days.
	KeepDelivered time.Duration
	// KeepDead is how long dead ones stay. Default: 90 days.
	KeepDead time.Duration
	// Logger gets one line per change of state: an endpoint left alone or disabled, a dead delivery, a store that fails.
	// Default: none.
	Logger *slog.Logger
	// Attempted is told of every request that came to an end, after the store knows it. Default: nobody is told.
	Attempted func(d Delivery)
	// Filed is told how many deliveries outputs made, and how many they did not make because they were old news. Default:
	// nobody is told.
	Filed func(deliveries, quiet int)
}

func (o Options) withDefaults() Options {
	if len(o.Topics) == 0 {
		for _, topic := range projections.OutputTopics() {
			o.Topics = append(o.Topics, topic.String())
		}
	}
	const day = 24 * time.Hour
	o.Schedule = o.Schedule.withDefaults()
	o.Timeout = cmp.Or(o.Timeout, 15*time.Second)
	o.PerEndpoint = cmp.Or(o.PerEndpoint, 4)
	o.Concurrency = cmp.Or(o.Concurrency, 256)
	o.Poll = cmp.Or(o.Poll, time.Second)
	o.Drain = cmp.Or(o.Drain, 10*time.Second)
	o.BreakerFailures = cmp.Or(o.BreakerFailures, 5)
	o.BreakerPause = cmp.Or(o.BreakerPause, time.Minute)
	o.MaxSubscriptions = cmp.Or(o.MaxSubscriptions, 200)
	o.PoisonTopic = cmp.Or(o.PoisonTopic, "rapport.webhooks.poison")
	o.KeepDelivered = cmp.Or(o.KeepDelivered, 30*day)
	o.KeepDead = cmp.Or(o.KeepDead, 90*day)
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	if o.Attempted == nil {
		o.Attempted = func(Delivery) {}
	}
	if o.Zone == nil {
		o.Zone = func() *time.Location { return time.UTC }
	}
	if o.DayOff == nil {
		o.DayOff = func(domain.Date) bool { return false }
	}
	if o.Filed == nil {
		o.Filed = func(int, int) {}
	}
	return o
}

// storeGrace is the time for what the store does about a request after it: it is added to the time limit of a request
// to make the lease of a claim.
const storeGrace = 45 * time.Second

// lease is how long a claim holds: no request and no settling takes longer.
func (o Options) lease() time.Duration { return o.Timeout + storeGrace }
