package mail_test

import (
	"crypto/x509"
	"errors"
	"net"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/rapport-crm/rapport/internal/mail"
	"github.com/rapport-crm/rapport/internal/mail/mailtest"
)

func letter() mail.Letter {
	return mail.Letter{To: "li@example.com", ID: "delivery-1", Subject: "Zufriedenheit fällt", Text: "Kunde: 李\n", Date: time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)}
}

func TestALetterArrivesOverEveryKindOfConnection(t *testing.T) {
	t.Parallel()
	for _, encryption := range []mail.Encryption{mail.StartTLS, mail.TLS, mail.Clear} {
		t.Run(string(encryption), func(t *testing.T) {
			t.Parallel()
			office := mailtest.Open(t, encryption)
			if err := mail.NewSender(office.Server(encryption)).Send(t.Context(), letter()); err != nil {
				t.Fatal(err)
			}
			if len(office.Taken()) != 1 || office.User() != "u" {
				t.Fatalf("the server has %d letters of %q", len(office.Taken()), office.User())
			}
			m, err := netmail.ReadMessage(strings.NewReader(office.Taken()[0]))
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range map[string]string{
				"Message-Id": "<delivery-1@example.com>", "To": "<li@example.com>", "Auto-Submitted": "auto-generated",
				"Date": "Sun, 01 Mar 2026 09:30:00 +0000",
			} {
				if got := m.Header.Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestARefusalSaysWhetherItIsForGood(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code      int
		permanent bool
	}{{550, true}, {451, false}} {
		office := mailtest.Open(t, mail.StartTLS)
		office.Refuse(c.code)
		err := mail.NewSender(office.Server(mail.StartTLS)).Send(t.Context(), letter())
		rejected, ok := errors.AsType[*mail.RejectedError](err)
		if !ok || rejected.Code != c.code || rejected.Permanent != c.permanent {
			t.Errorf("an answer of %d is %v", c.code, err)
		}
	}
}

func TestAnUnknownCertificateAndAWrongPasswordAreErrors(t *testing.T) {
	t.Parallel()
	office := mailtest.Open(t, mail.StartTLS)
	stranger := office.Server(mail.StartTLS)
	stranger.RootCAs = x509.NewCertPool()
	if err := mail.NewSender(stranger).Send(t.Context(), letter()); err == nil {
		t.Error("the letter went to a server that nobody vouches for")
	}
	forgetful := office.Server(mail.StartTLS)
	forgetful.Password = "wrong"
	if err := mail.NewSender(forgetful).Send(t.Context(), letter()); err == nil {
		t.Error("the letter went without a password")
	}
	if len(office.Taken()) != 0 {
		t.Errorf("the server has %q", office.Taken())
	}
}

func TestAServerWithoutEncryptionGetsNothingWhenEncryptionIsAskedFor(t *testing.T) {
	t.Parallel()
	office := mailtest.Open(t, mail.Clear)
	if err := mail.NewSender(office.Server(mail.StartTLS)).Send(t.Context(), letter()); err == nil || len(office.Taken()) != 0 {
		t.Errorf("the letter went in clear: %v", err)
	}
}

func TestSendingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // it takes connections and never says a word
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	server := mail.Server{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, Encryption: mail.Clear, From: "a@example.com", Timeout: 50 * time.Millisecond}
	err = mail.NewSender(server).Send(t.Context(), letter())
	if _, rejected := errors.AsType[*mail.RejectedError](err); err == nil || rejected {
		t.Errorf("a server that says nothing: %v", err)
	}
}

func TestALetterToNobodyIsRefusedForGood(t *testing.T) {
	t.Parallel()
	l := letter()
	l.To = "not an address"
	err := mail.NewSender(mail.Server{Host: "localhost", Port: 1, From: "a@example.com"}).Send(t.Context(), l)
	if rejected, ok := errors.AsType[*mail.RejectedError](err); !ok || !rejected.Permanent {
		t.Errorf("a wrong address is %v", err)
	}
}

func TestServersAreReadFromURLs(t *testing.T) {
	t.Parallel()
	good := map[string]mail.Server{
		"smtp://u:p%40ss@mail.example.com?from=a@example.com":  {Host: "mail.example.com", Port: 587, Username: "u", Password: "p@ss", Encryption: mail.StartTLS, From: "a@example.com"},
		"smtps://mail.example.com:2465?from=a@example.com":     {Host: "mail.example.com", Port: 2465, Encryption: mail.TLS, From: "a@example.com"},
		"smtp://localhost:1025?from=a@example.com&tls=none":    {Host: "localhost", Port: 1025, Encryption: mail.Clear, From: "a@example.com"},
		"smtp://u:p@localhost:25?from=a@example.com&tls=none":  {Host: "localhost", Port: 25, Username: "u", Password: "p", Encryption: mail.Clear, From: "a@example.com"},
		"smtp://mail.example.com?from=Rapport+<a@example.com>": {Host: "mail.example.com", Port: 587, Encryption: mail.StartTLS, From: "Rapport <a@example.com>"},
	}
	for text, want := range good {
		if got, err := mail.ParseServer(text); err != nil || got != want {
			t.Errorf("%s is %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "mail.example.com", "http://mail.example.com?from=a@example.com", "smtp://mail.example.com", "smtp://mail.example.com?from=nobody",
		"smtp://mail.example.com:0?from=a@example.com", "smtp://mail.example.com?from=a@example.com&tls=maybe", "smtp://mail.example.com/x?from=a@example.com",
		"smtps://mail.example.com?from=a@example.com&tls=none", "smtp://u:p@mail.example.com?from=a@example.com&tls=none", "smtp://mail.example.com?from=a@example.com&to=b",
	} {
		if got, err := mail.ParseServer(text); !errors.Is(err, mail.ErrServer) || strings.Contains(err.Error(), "u:p") {
			t.Errorf("%s is %+v, %v", text, got, err)
		}
	}
}
