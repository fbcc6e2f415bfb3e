package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// defaultTimeout bounds a conversation with a server that keeps its end waiting.
const defaultTimeout = 30 * time.Second

// Letter is one e-mail.
type Letter struct {
	To string
	// ID is the part of the Message-ID before the @. The same letter has the same one.
	ID      string
	Subject string
	Text    string
	Date    time.Time
}

// Sender sends letters to one server. It keeps no connection and may be used concurrently.
type Sender struct {
	server Server
}

// NewSender returns a sender. It connects to nobody.
func NewSender(s Server) *Sender {
	if s.Timeout == 0 {
		s.Timeout = defaultTimeout
	}
	return &Sender{server: s}
}

// RejectedError says that the server answered that it does not take a letter.
type RejectedError struct {
	// Code is the SMTP reply code, for example 550.
	Code int
	// Permanent says that the same letter will not be taken later either.
	Permanent bool
	err       error
}

// Error returns what the server said.
func (e *RejectedError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *RejectedError) Unwrap() error { return e.err }

// Send hands a letter to the server and returns once the server has taken it. After an error other than *RejectedError
// nobody knows whether it was taken; sent again it has the same Message-ID.
func (s *Sender) Send(ctx context.Context, l Letter) error {
	msg, err := s.message(l)
	if err != nil {
		return fmt.Errorf("send mail: %w", &RejectedError{Permanent: true, err: err})
	}
	client, err := gomail.NewClient(s.server.Host, s.options()...)
	if err != nil {
		return fmt.Errorf("send mail: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.server.Timeout)
	defer cancel()
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return fmt.Errorf("send mail: %w", rejection(err))
	}
	return nil
}

// rejection returns the error as a *RejectedError when the server said no.
func rejection(err error) error {
	if failed, ok := errors.AsType[*gomail.SendError](err); ok && failed.ErrorCode() >= 400 {
		return &RejectedError{Code: failed.ErrorCode(), Permanent: !failed.IsTemp(), err: err}
	}
	return err
}

func (s *Sender) message(l Letter) (*gomail.Msg, error) {
	msg := gomail.NewMsg()
	if err := msg.From(s.server.From); err != nil {
		return nil, fmt.Errorf("address of the sender: %w", err)
	}
	if err := msg.To(l.To); err != nil {
		return nil, fmt.Errorf("address of the receiver: %w", err)
	}
	_, domain, _ := strings.Cut(s.server.From, "@")
	msg.SetMessageIDWithValue(l.ID + "@" + strings.TrimRight(domain, ">"))
	msg.SetDateWithValue(l.Date)
	msg.Subject(l.Subject)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody answers that they are on holiday
	msg.SetBodyString(gomail.TypeTextPlain, l.Text)
	return msg, nil
}

func (s *Sender) options() []gomail.Option {
	v := s.server
	options := []gomail.Option{
		gomail.WithPort(v.Port), gomail.WithTimeout(v.Timeout),
		gomail.WithTLSConfig(&tls.Config{MinVersion: tls.VersionTLS12, ServerName: v.Host, RootCAs: v.RootCAs}),
	}
	switch v.Encryption {
	case TLS:
		options = append(options, gomail.WithSSL())
	case Clear:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if v.Username != "" {
		auth := gomail.SMTPAuthAutoDiscover
		if v.Encryption == Clear {
			auth = gomail.SMTPAuthPlainNoEnc
		}
		options = append(options, gomail.WithSMTPAuth(auth), gomail.WithUsername(v.Username), gomail.WithPassword(v.Password))
	}
	return options
}
