package domain

import "fmt"

// Stage is where a customer stands in the lifecycle (LC-02).
type Stage uint8

// The stages in the order of a life. StageNone is the state before the lifecycle has started.
const (
	StageNone Stage = iota
	StageProspect
	StageGrowth
	StageMaturity
	StageDecline
	StageTermination
)

// StageCount is one more than the highest Stage, for arrays indexed by Stage.
const StageCount = 6

// Stages returns the five stages of a life in order.
func Stages() []Stage {
	return []Stage{StageProspect, StageGrowth, StageMaturity, StageDecline, StageTermination}
}

var stageNames = [StageCount]string{"none", "prospect", "growth", "maturity", "decline", "termination"}

// String returns the name used in data, URLs and JSON.
func (s Stage) String() string {
	if int(s) < len(stageNames) {
		return stageNames[s]
	}
	return fmt.Sprintf("stage(%d)", uint8(s))
}

// ParseStage returns the stage of the given name.
func ParseStage(name string) (Stage, error) {
	for i, n := range stageNames {
		if n == name && i > 0 {
			return Stage(i), nil
		}
	}
	return StageNone, fmt.Errorf("stage must be one of prospect, growth, maturity, decline, termination")
}

// MarshalText writes the name of the stage.
func (s Stage) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the name of a stage.
func (s *Stage) UnmarshalText(b []byte) error {
	if string(b) == stageNames[StageNone] {
		*s = StageNone
		return nil
	}
	v, err := ParseStage(string(b))
	if err != nil {
		return err
	}
	*s = v
	return nil
}

// Active reports whether a customer of this stage counts as held: growth or maturity (LC-10).
func (s Stage) Active() bool { return s == StageGrowth || s == StageMaturity }

// RiskLevel is the level of a churn warning (CHN-07).
type RiskLevel uint8

// The levels from none to the highest.
const (
	RiskLow RiskLevel = iota
	RiskWatch
	RiskHigh
	RiskCritical
)

var riskNames = [...]string{"low", "watch", "high", "critical"}

// String returns the name used in data and JSON.
func (r RiskLevel) String() string {
	if int(r) < len(riskNames) {
		return riskNames[r]
	}
	return fmt.Sprintf("risk(%d)", uint8(r))
}

// MarshalText writes the name of the level.
func (r RiskLevel) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the name of a level.
func (r *RiskLevel) UnmarshalText(b []byte) error {
	for i, n := range riskNames {
		if n == string(b) {
			*r = RiskLevel(i)
			return nil
		}
	}
	return fmt.Errorf("risk level must be one of low, watch, high, critical")
}
