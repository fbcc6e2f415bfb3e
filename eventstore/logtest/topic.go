package logtest

import (
	"errors"
	"testing"

	"github.com/rapport-crm/rapport/eventstore"
)

func testCreateTopic(t *testing.T, s Setup) {
	cfg := newConfig(t, s.Brokers(t), 3)
	if err := eventstore.CreateTopic(t.Context(), cfg); err != nil {
		t.Errorf("second time: %v", err)
	}
	cfg.Partitions = 0
	if err := eventstore.CreateTopic(t.Context(), cfg); err != nil {
		t.Errorf("any number of partitions: %v", err)
	}
	if log := openLog(t, cfg); log.Partitions() != 3 {
		t.Errorf("%d partitions, want 3", log.Partitions())
	}
	cfg.Partitions = 4
	err := eventstore.CreateTopic(t.Context(), cfg)
	wantError(t, "create with another number of partitions", err, eventstore.ErrUnfitTopic)
	_, err = eventstore.Open(t.Context(), cfg)
	wantError(t, "open with another number of partitions", err, eventstore.ErrUnfitTopic)
}

func testUnfitTopic(t *testing.T, s Setup) {
	if s.CreateTopic == nil {
		t.Skip("this broker makes no unfit topics")
	}
	for _, test := range []struct{ setting, value string }{
		{"cleanup.policy", "compact"},
		{"retention.ms", "3600000"},
	} {
		brokers, topic := s.Brokers(t), newTopic()
		s.CreateTopic(t, brokers, topic, test.setting, test.value)
		_, err := eventstore.Open(t.Context(), eventstore.Config{Brokers: brokers, Topic: topic})
		unfit, ok := errors.AsType[*eventstore.UnfitTopicError](err)
		if !ok {
			t.Errorf("%s=%s: error is %v", test.setting, test.value, err)
			continue
		}
		if test.setting == "cleanup.policy" && (unfit.Setting != test.setting || unfit.Got != test.value) {
			t.Errorf("%s=%s: refused for %s=%s", test.setting, test.value, unfit.Setting, unfit.Got)
		}
	}
}

func testMissingTopic(t *testing.T, s Setup) {
	brokers := s.Brokers(t)
	_, err := eventstore.Open(t.Context(), eventstore.Config{Brokers: brokers, Topic: newTopic()})
	wantError(t, "open", err, eventstore.ErrTopicMissing)
	log := openLog(t, newConfig(t, brokers, 1))
	err = firstError(t.Context(), log, 1, 0, eventstore.FollowOptions{})
	wantError(t, "follow partition 1 of 1", err, eventstore.ErrTopicMissing)
}
