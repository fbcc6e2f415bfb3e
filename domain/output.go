package domain

import "slices"

// OutputType describes one type of derived event: something that the fold found out about a customer and that others act
// on. Its data follows rules and has a schema as that of an event has; Decoder.Decode reads it. It is not an event type
// of the log, so Lookup does not know it. Output types are shared and must not be changed.
type OutputType struct {
	*Type
	// Topic is the topic of the derived events of this type, for example "rapport.lifecycle".
	Topic string
}

// Outputs returns all types of derived events in the order of their names. The slice is shared.
func Outputs() []*OutputType { return catalogue().outputs }

// LookupOutput returns the type of derived event of the given name.
func LookupOutput(name string) (*OutputType, bool) {
	t, ok := catalogue().outputByName[name]
	return t, ok
}

func outputTypes() []*OutputType {
	return slices.Concat(lifecycleOutputs(), churnOutputs(), satisfactionOutputs(), serviceOutputs())
}

func satisfactionOutputs() []*OutputType {
	const family, topic = "satisfaction", "rapport.satisfaction"
	return []*OutputType{
		{typeOf[SatisfactionLowScore](family, "satisfaction.low_score"), topic},
		{typeOf[SatisfactionDropped](family, "satisfaction.dropped"), topic},
		{typeOf[SatisfactionRecovered](family, "satisfaction.recovered"), topic},
	}
}

func serviceOutputs() []*OutputType {
	const family, topic = "service", "rapport.service"
	return []*OutputType{
		{typeOf[ServiceDeadlineNear](family, "service.deadline_near"), topic},
		{typeOf[ServiceDeadlineMissed](family, "service.deadline_missed"), topic},
		{typeOf[ContactCollision](family, "contact.collision"), topic},
		{typeOf[ContactMultipleFollowers](family, "contact.multiple_followers"), topic},
	}
}

func lifecycleOutputs() []*OutputType {
	const family, topic = "lifecycle", "rapport.lifecycle"
	return []*OutputType{
		{typeOf[LifecycleStarted](family, "lifecycle.started"), topic},
		{typeOf[LifecycleStageChanged](family, "lifecycle.stage_changed"), topic},
		{typeOf[LifecycleTerminated](family, "lifecycle.terminated"), topic},
		{typeOf[ValueClassChanged](family, "value.class_changed"), topic},
	}
}

func churnOutputs() []*OutputType {
	const family, topic = "churn", "rapport.churn"
	return []*OutputType{
		{typeOf[ChurnWarningRaised](family, "churn.warning_raised"), topic},
		{typeOf[ChurnWarningEscalated](family, "churn.warning_escalated"), topic},
		{typeOf[ChurnWarningEased](family, "churn.warning_eased"), topic},
		{typeOf[ChurnWarningUnanswered](family, "churn.warning_unanswered"), topic},
		{typeOf[ChurnWarningCleared](family, "churn.warning_cleared"), topic},
		{typeOf[ChurnWarningWithdrawn](family, "churn.warning_withdrawn"), topic},
		{typeOf[ChurnLossInferred](family, "churn.loss_inferred"), topic},
		{typeOf[ChurnMassLoss](family, "churn.mass_loss"), topic},
	}
}
