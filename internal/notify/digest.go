package notify

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/domain/wire"
)

// TypeDigest is the type of digests: one delivery with the outputs of a day.
const TypeDigest = "webhook.digest"

// digestLimit is how many outputs one digest holds; more of a day come in several.
const digestLimit = 500

// digestForm is how the time of day of a digest is written.
const digestForm = "15:04"

// HeldDigest names the deliveries of a subscription that wait for the same digest.
type HeldDigest struct {
	Subscription string
	At           time.Time
}

// nextDigest returns when the digest comes that an output is in which is filed now: the next time at which the clocks of the
// zone show the time of day, exclusive. In a night in which they skip it, it comes as much later.
func (s *Subscription) nextDigest(now time.Time, zone *time.Location) time.Time {
	daily, err := time.Parse(digestForm, s.Digest)
	if err != nil {
		return now // validate lets no other text pass
	}
	for day := now.In(zone); ; day = day.AddDate(0, 0, 1) {
		at := time.Date(day.Year(), day.Month(), day.Day(), daily.Hour(), daily.Minute(), 0, 0, zone)
		if at.After(now) {
			return instant(at)
		}
	}
}

// hold makes the delivery wait for a digest.
func (d *Delivery) hold(at time.Time) { d.DigestAt, d.NextAttempt = at, at }

// digestOf returns the delivery of the digest that outputs wait for, at least one, in their order. Its ids follow from the
// subscription, the time and the first of the outputs.
func digestOf(held HeldDigest, members []Delivery, now time.Time) (Delivery, error) {
	data := struct {
		Until   domain.Instant    `json:"until"`
		Count   int               `json:"count"`
		Outputs []json.RawMessage `json:"outputs"`
	}{Until: domain.InstantOf(held.At), Count: len(members)}
	for i := range members {
		data.Outputs = append(data.Outputs, members[i].Body)
	}
	text, err := json.Marshal(data)
	if err != nil {
		return Delivery{}, err
	}
	ev := domain.Event{
		ID:     domain.DerivedID("digest", held.Subscription, held.At.Format(time.RFC3339), members[0].Event),
		Source: "rapport", Type: TypeDigest, Subject: held.Subscription, Time: domain.InstantOf(held.At),
		ExpectedVersion: domain.NoExpectation, Data: text,
	}
	return newDelivery(&Subscription{ID: held.Subscription}, &news{id: ev.ID, kind: ev.Type, body: wire.Encode(nil, &ev)}, now), nil
}

// digester makes digests when their time has come.
type digester struct {
	store   Queue
	options Options
	// made is called when there are new digests.
	made func()
}

// run makes digests until ctx ends.
func (g *digester) run(ctx context.Context) {
	for pause(ctx, g.options.Poll) {
		if err := g.round(ctx, instant(time.Now())); err != nil && ctx.Err() == nil {
			g.options.Logger.LogAttrs(ctx, slog.LevelWarn, "webhook digests cannot be made", slog.Any("error", err))
		}
	}
}

// round makes the digests that are due. The clocks of engines differ: it waits for what another one may be filing still.
func (g *digester) round(ctx context.Context, now time.Time) error {
	held, err := g.store.HeldDigests(ctx, now.Add(-clockSlack))
	if err != nil {
		return err
	}
	for _, h := range held {
		compose := func(members []Delivery) (Delivery, error) { return digestOf(h, members, now) }
		for n := digestLimit; n == digestLimit; {
			if n, err = g.store.MakeDigest(ctx, h, digestLimit, now, compose); err != nil {
				return err
			}
		}
		g.made()
	}
	return nil
}
