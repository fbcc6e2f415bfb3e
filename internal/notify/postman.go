package notify

import (
	"context"
	"encoding/json"
	"fmt"
	netmail "net/mail"
	"net/url"
	"strings"
	"time"

	"github.com/rapport-crm/rapport/domain"
	"github.com/rapport-crm/rapport/internal/mail"
)

// mailScheme begins the addresses of people: mailto:li@example.com.
const mailScheme = "mailto:"

// senders sends a delivery by the kind of its address: over HTTP, or by e-mail.
type senders struct {
	*client
	postman *postman
}

func (s senders) send(ctx context.Context, to *Subscription, d *Delivery) Attempt {
	if strings.HasPrefix(to.URL, mailScheme) {
		return s.postman.send(ctx, to, d)
	}
	return s.client.send(ctx, to, d)
}

// postman sends deliveries as letters. The Message-ID of a letter is the id of the delivery, so that mail programs know one
// that is sent again.
type postman struct {
	// sender is nil when no mail server is known.
	sender *mail.Sender
	writer mail.Writer
}

func newPostman(o Options) *postman {
	p := &postman{writer: mail.Writer{BaseURL: o.PublicURL}}
	if o.Mail != nil {
		p.sender = mail.NewSender(*o.Mail)
	}
	return p
}

// send makes one attempt. The letter is delivered when the mail server has taken it.
func (p *postman) send(ctx context.Context, s *Subscription, d *Delivery) Attempt {
	begun := time.Now()
	a := Attempt{At: instant(begun)}
	if err := p.hand(ctx, s, d); err != nil {
		a.Error = clean(err.Error())
	}
	a.DurationMS = time.Since(begun).Milliseconds()
	return a
}

func (p *postman) hand(ctx context.Context, s *Subscription, d *Delivery) error {
	if p.sender == nil {
		return fmt.Errorf("no mail server is known (--smtp-url)")
	}
	l, err := p.letter(d)
	if err != nil {
		return err
	}
	l.ID = d.ID
	if l.To, err = mailAddress(s.URL); err != nil {
		return err
	}
	return p.sender.Send(ctx, l)
}

// letter writes what the delivery carries: one output, or those of a digest.
func (p *postman) letter(d *Delivery) (mail.Letter, error) {
	if d.Type != TypeDigest {
		return p.writer.Letter(d.Body)
	}
	var digest struct {
		Time time.Time `json:"time"`
		Data struct {
			Outputs []json.RawMessage `json:"outputs"`
		} `json:"data"`
	}
	if err := json.Unmarshal(d.Body, &digest); err != nil {
		return mail.Letter{}, fmt.Errorf("write digest: %w", err)
	}
	events := make([][]byte, len(digest.Data.Outputs))
	for i, o := range digest.Data.Outputs {
		events[i] = o
	}
	title := fmt.Sprintf("Rapport: %d outputs until %s", len(events), digest.Time.Format(time.DateOnly))
	return p.writer.Digest(title, digest.Time, events)
}

// mailAddress returns the address in a mailto URL.
func mailAddress(text string) (string, error) {
	address, err := url.PathUnescape(strings.TrimPrefix(text, mailScheme))
	if err != nil {
		return "", err
	}
	if _, err := netmail.ParseAddress(address); err != nil {
		return "", err
	}
	return address, nil
}

// faultOfMail returns the rule that an address of a person breaks, and what must hold.
func faultOfMail(text string, o Options) (rule, message string) {
	switch address, err := mailAddress(text); {
	case o.Mail == nil:
		return domain.RuleFormat, "must begin with https: this server has no mail server (--smtp-url)"
	case len(text) > maxURL:
		return domain.RuleLength, fmt.Sprintf("must have at most %d bytes", maxURL)
	case err != nil || strings.ContainsAny(address, "<>,"):
		return domain.RuleFormat, "must be mailto: and one e-mail address"
	default:
		return "", ""
	}
}
