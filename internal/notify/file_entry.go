package notify

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

// entry is a line of a File: one change, in the member that is set.
type entry struct {
	// Subscription is a subscription that was made or changed.
	Subscription *savedSubscription `json:"subscription,omitempty"`
	// Unsubscribed is the id of one that was deleted.
	Unsubscribed string `json:"unsubscribed,omitempty"`
	// Added are deliveries that were added, known ones among them.
	Added []savedDelivery `json:"added,omitempty"`
	// Settled are deliveries after a request.
	Settled []savedDelivery `json:"settled,omitempty"`
	// Delivery is a delivery as it is.
	Delivery *savedDelivery `json:"delivery,omitempty"`
	// Digest is a digest that was made.
	Digest *savedDigest `json:"digest,omitempty"`
	// Redelivered is the id of a delivery that was asked for again, and RedeliveredDead that of a subscription whose dead
	// ones were.
	Redelivered     string `json:"redelivered,omitempty"`
	RedeliveredDead string `json:"redelivered_dead,omitempty"`
	// Pruned says before when a finished delivery must have ended to be forgotten.
	Pruned *pruned `json:"pruned,omitempty"`
	// At is when it happened, where that matters.
	At time.Time `json:"at,omitzero"`
}

// pruned are the ends before which deliveries were forgotten.
type pruned struct {
	Delivered time.Time `json:"delivered"`
	Dead      time.Time `json:"dead"`
}

// savedSubscription is a subscription with its secrets in clear.
type savedSubscription struct {
	ID          string        `json:"id"`
	URL         string        `json:"url"`
	Description string        `json:"description,omitempty"`
	Types       []string      `json:"types,omitempty"`
	OrgUnit     string        `json:"org_unit,omitempty"`
	MinLevel    string        `json:"min_level,omitempty"`
	Ordered     bool          `json:"ordered,omitempty"`
	MaxAge      time.Duration `json:"max_age_ns,omitempty"`
	OldNews     bool          `json:"old_news,omitempty"`
	Digest      string        `json:"digest,omitempty"`
	Quiet       *QuietHours   `json:"quiet_hours,omitempty"`
	Secrets     []savedSecret `json:"secrets"`
	Disabled    string        `json:"disabled,omitempty"`
	DisabledAt  time.Time     `json:"disabled_at,omitzero"`
	CreatedAt   time.Time     `json:"created_at"`
}

// savedSecret is a secret in clear.
type savedSecret struct {
	Key       string    `json:"key"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// savedDelivery is a delivery with what its own form in JSON leaves out. Without a body it has the one that is known.
type savedDelivery struct {
	Delivery
	Body []byte `json:"body,omitempty"`
	Seq  int64  `json:"seq"`
}

// savedDigest is a digest and the ids of the deliveries that are in it.
type savedDigest struct {
	Delivery savedDelivery `json:"delivery"`
	Members  []string      `json:"members"`
}

func save(s Subscription) *savedSubscription {
	saved := &savedSubscription{
		ID: s.ID, URL: s.URL, Description: s.Description, Types: s.Types, OrgUnit: s.OrgUnit, MinLevel: s.MinLevel, Ordered: s.Ordered,
		MaxAge: s.MaxAge, OldNews: s.OldNews, Digest: s.Digest, Quiet: s.Quiet.clone(), Disabled: s.Disabled, DisabledAt: s.DisabledAt, CreatedAt: s.CreatedAt,
	}
	for _, secret := range s.Secrets {
		saved.Secrets = append(saved.Secrets, savedSecret{string(secret.Key), secret.CreatedAt, secret.ExpiresAt})
	}
	return saved
}

func (s *savedSubscription) restore() Subscription {
	restored := Subscription{
		ID: s.ID, URL: s.URL, Description: s.Description, Types: s.Types, OrgUnit: s.OrgUnit, MinLevel: s.MinLevel, Ordered: s.Ordered,
		MaxAge: s.MaxAge, OldNews: s.OldNews, Digest: s.Digest, Quiet: s.Quiet.clone(), Disabled: s.Disabled, DisabledAt: s.DisabledAt, CreatedAt: s.CreatedAt,
	}
	for _, secret := range s.Secrets {
		restored.Secrets = append(restored.Secrets, Secret{Key(secret.Key), secret.CreatedAt, secret.ExpiresAt})
	}
	return restored
}

func saveDelivery(d *Delivery) savedDelivery { return savedDelivery{*d, d.Body, d.Seq} }

func (d *savedDelivery) restore() *Delivery {
	restored := d.Delivery
	restored.Body, restored.Seq = d.Body, d.Seq
	return &restored
}

// apply makes the change.
func (e *entry) apply(ctx context.Context, m *Memory) error {
	switch {
	case e.Subscription != nil:
		m.subscriptions[e.Subscription.ID] = e.Subscription.restore()
		return nil
	case e.Unsubscribed != "":
		return m.Unsubscribe(ctx, e.Unsubscribed, e.At)
	case e.Added != nil:
		added := make([]Delivery, len(e.Added))
		for i := range e.Added {
			added[i] = *e.Added[i].restore()
		}
		_, err := m.Add(ctx, added)
		return err
	case e.Settled != nil:
		for i := range e.Settled {
			m.replace(e.Settled[i].restore())
		}
		return nil
	case e.Delivery != nil:
		m.replace(e.Delivery.restore())
		return nil
	case e.Digest != nil:
		m.digest(e.Digest.Delivery.restore(), e.Digest.Members, e.At)
		return nil
	case e.Redelivered != "":
		return m.Redeliver(ctx, e.Redelivered, e.At)
	case e.RedeliveredDead != "":
		_, err := m.RedeliverDead(ctx, e.RedeliveredDead, e.At)
		return err
	case e.Pruned != nil:
		_, err := m.Prune(ctx, e.Pruned.Delivered, e.Pruned.Dead)
		return err
	}
	return errors.New("the entry says nothing that this program knows")
}

// replace puts a delivery as it is in the place of what is there.
func (m *Memory) replace(d *Delivery) {
	if kept, known := m.deliveries[d.ID]; known {
		d.Seq = kept.Seq
		if d.Body == nil {
			d.Body = kept.Body
		}
		*kept = *d
		m.file(kept)
		return
	}
	m.put(d)
}

// snapshot returns the entries that make everything there is.
func (f *File) snapshot() []entry {
	f.Memory.mu.Lock()
	defer f.Memory.mu.Unlock()
	var entries []entry
	for _, s := range f.subscriptions {
		entries = append(entries, entry{Subscription: save(s)})
	}
	deliveries := make([]*Delivery, 0, len(f.deliveries))
	for _, d := range f.deliveries {
		deliveries = append(deliveries, d)
	}
	// Finished ones in the order of their ends, as the journal forgets them.
	slices.SortFunc(deliveries, func(a, b *Delivery) int {
		return cmp.Or(a.FinishedAt.Compare(b.FinishedAt), cmp.Compare(a.Seq, b.Seq))
	})
	for _, d := range deliveries {
		saved := saveDelivery(d)
		entries = append(entries, entry{Delivery: &saved})
	}
	return entries
}
