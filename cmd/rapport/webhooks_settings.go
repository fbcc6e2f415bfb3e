package main

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"os"

	"github.com/rapport-crm/rapport/internal/mail"
	"github.com/rapport-crm/rapport/internal/notify"
)

// webhookSettings say where webhooks may lead.
type webhookSettings struct {
	WebhookNetworks []netip.Prefix `help:"Networks that webhooks may lead to although they are not on the public Internet, for example 10.1.0.0/16." placeholder:"CIDR" env:"RAPPORT_WEBHOOK_NETWORKS"`
	WebhookHTTP     bool           `name:"webhook-http" help:"Take addresses without encryption for webhooks." env:"RAPPORT_WEBHOOK_HTTP"`
	SMTPURL         string         `name:"smtp-url" help:"Mail server for webhooks to people (mailto:), for example smtp://user:password@mail.example.com:587?from=rapport@example.com." placeholder:"URL" env:"RAPPORT_SMTP_URL"`
	PublicURL       string         `name:"public-url" help:"Where people reach the API; letters lead there." placeholder:"URL" env:"RAPPORT_PUBLIC_URL"`
	WebhookCA       string         `name:"webhook-ca" help:"Certificates (PEM) of who may sign those of webhooks, beside those of the system." type:"existingfile" placeholder:"FILE" env:"RAPPORT_WEBHOOK_CA"`
}

// options returns the settings of the deliverer.
func (s webhookSettings) options() (notify.Options, error) {
	o := notify.Options{AllowPrivate: s.WebhookNetworks, AllowHTTP: s.WebhookHTTP, PublicURL: s.PublicURL}
	if s.SMTPURL != "" {
		server, err := mail.ParseServer(s.SMTPURL)
		if err != nil {
			return o, fmt.Errorf("read --smtp-url: %w", err)
		}
		o.Mail = &server
	}
	if s.WebhookCA == "" {
		return o, nil
	}
	text, err := os.ReadFile(s.WebhookCA)
	if err != nil {
		return o, fmt.Errorf("read certificates: %w", err)
	}
	if o.RootCAs, err = x509.SystemCertPool(); err != nil {
		return o, fmt.Errorf("read certificates of the system: %w", err)
	}
	if !o.RootCAs.AppendCertsFromPEM(text) {
		return o, fmt.Errorf("read certificates: %s has none", s.WebhookCA)
	}
	return o, nil
}
