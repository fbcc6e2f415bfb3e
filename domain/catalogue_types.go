package domain

// The lists below are the catalogue: which type has which data. What a type means stands at its struct.

func identityTypes() []*Type {
	const family = "identity"
	return []*Type{
		typeOf[CustomerRegistered](family, "customer.registered"),
		typeOf[CustomerAttributeSet](family, "customer.attribute_set"),
		typeOf[CustomerIdentified](family, "customer.identified"),
		typeOf[CustomerMerged](family, "customer.merged"),
		typeOf[CustomerUnmerged](family, "customer.unmerged"),
		typeOf[CustomerOwnerAssigned](family, "customer.owner_assigned"),
		typeOf[CustomerOwnerReleased](family, "customer.owner_released"),
		typeOf[CustomerTransferred](family, "customer.transferred"),
		typeOf[ConsentGiven](family, "consent.given"),
		typeOf[ConsentWithdrawn](family, "consent.withdrawn"),
		typeOf[CustomerErasureRequested](family, "customer.erasure_requested"),
		typeOf[CustomerStageOverridden](family, "customer.stage_overridden"),
	}
}

func acquisitionTypes() []*Type {
	const family = "acquisition"
	return []*Type{
		typeOf[InquiryReceived](family, "inquiry.received"),
		typeOf[InquiryAnswered](family, "inquiry.answered"),
		typeOf[ProspectTargeted](family, "prospect.targeted"),
		typeOf[ProspectQualified](family, "prospect.qualified"),
		typeOf[LeadCaptured](family, "lead.captured"),
		typeOf[LeadDiscarded](family, "lead.discarded"),
		typeOf[OpportunityOpened](family, "opportunity.opened"),
		typeOf[OpportunityStageChanged](family, "opportunity.stage_changed"),
		typeOf[OpportunityWon](family, "opportunity.won"),
		typeOf[OpportunityLost](family, "opportunity.lost"),
	}
}

func tradeTypes() []*Type {
	const family = "trade"
	return []*Type{
		typeOf[ContractSigned](family, "contract.signed"),
		typeOf[OrderPlaced](family, "order.placed"),
		typeOf[OrderDelivered](family, "order.delivered"),
		typeOf[OrderCancelled](family, "order.cancelled"),
		typeOf[PurchaseRecorded](family, "purchase.recorded"),
		typeOf[PurchaseReturned](family, "purchase.returned"),
		typeOf[DeliveryHandedOver](family, "delivery.handed_over"),
		typeOf[SubscriptionStarted](family, "subscription.started"),
		typeOf[SubscriptionRenewed](family, "subscription.renewed"),
		typeOf[SubscriptionCancelled](family, "subscription.cancelled"),
		typeOf[TermsGranted](family, "terms.granted"),
		typeOf[InvoiceIssued](family, "invoice.issued"),
		typeOf[PaymentReceived](family, "payment.received"),
		typeOf[PaymentOverdue](family, "payment.overdue"),
		typeOf[BadDebtBooked](family, "bad_debt.booked"),
		typeOf[CostAttributed](family, "cost.attributed"),
		typeOf[ReferralMade](family, "referral.made"),
		typeOf[CustomerEventForecast](family, "customer_event.forecast"),
		typeOf[RelationshipEnded](family, "relationship.ended"),
	}
}

func contactTypes() []*Type {
	const family = "contact"
	return []*Type{
		typeOf[ContactIntended](family, "contact.intended"),
		typeOf[ContactMade](family, "contact.made"),
		typeOf[ContactAttempted](family, "contact.attempted"),
		typeOf[ContactScheduled](family, "contact.scheduled"),
		typeOf[PromiseMade](family, "promise.made"),
		typeOf[PromiseKept](family, "promise.kept"),
		typeOf[CampaignSent](family, "campaign.sent"),
		typeOf[CampaignResponded](family, "campaign.responded"),
		typeOf[ClubJoined](family, "club.joined"),
		typeOf[ClubLeft](family, "club.left"),
		typeOf[NoteAdded](family, "note.added"),
	}
}

func serviceTypes() []*Type {
	const family = "service"
	return []*Type{
		typeOf[ServiceRequested](family, "service.requested"),
		typeOf[ServiceAssigned](family, "service.assigned"),
		typeOf[ServiceStarted](family, "service.started"),
		typeOf[ServiceCompleted](family, "service.completed"),
		typeOf[ServiceReopened](family, "service.reopened"),
		typeOf[FaultRecorded](family, "fault.recorded"),
		typeOf[ReservationRequested](family, "reservation.requested"),
		typeOf[ReservationKept](family, "reservation.kept"),
		typeOf[ReservationMissed](family, "reservation.missed"),
		typeOf[FollowUpAttempted](family, "follow_up.attempted"),
		typeOf[FollowUpCompleted](family, "follow_up.completed"),
		typeOf[UsageRecorded](family, "usage.recorded"),
	}
}

func satisfactionTypes() []*Type {
	const family = "satisfaction"
	return []*Type{
		typeOf[SurveyInvited](family, "survey.invited"),
		typeOf[SurveyAnswered](family, "survey.answered"),
		typeOf[SurveyRefused](family, "survey.refused"),
		typeOf[ExpectationStated](family, "expectation.stated"),
		typeOf[RectificationOpened](family, "rectification.opened").in(StreamOrg),
		typeOf[RectificationCompleted](family, "rectification.completed").in(StreamOrg),
		typeOf[RectificationAccepted](family, "rectification.accepted").in(StreamOrg),
		typeOf[RectificationRejected](family, "rectification.rejected").in(StreamOrg),
	}
}

func complaintTypes() []*Type {
	const family = "complaint"
	return []*Type{
		typeOf[ComplaintFiled](family, "complaint.filed"),
		typeOf[ComplaintAcknowledged](family, "complaint.acknowledged"),
		typeOf[ComplaintRestated](family, "complaint.restated"),
		typeOf[ComplaintValidityDecided](family, "complaint.validity_decided"),
		typeOf[ComplaintCauseDetermined](family, "complaint.cause_determined"),
		typeOf[ComplaintHandedOver](family, "complaint.handed_over"),
		typeOf[ComplaintHandoverAccepted](family, "complaint.handover_accepted"),
		typeOf[ComplaintHandoverReturned](family, "complaint.handover_returned"),
		typeOf[ComplaintSolutionProposed](family, "complaint.solution_proposed"),
		typeOf[ComplaintSolutionAccepted](family, "complaint.solution_accepted"),
		typeOf[ComplaintResolved](family, "complaint.resolved"),
		typeOf[ComplaintFollowedUp](family, "complaint.followed_up"),
		typeOf[ComplaintReopened](family, "complaint.reopened"),
		typeOf[ComplaintMeasureAdopted](family, "complaint.measure_adopted"),
		typeOf[ComplaintLinked](family, "complaint.linked"),
		typeOf[CompensationGiven](family, "compensation.given"),
		typeOf[PraiseReceived](family, "praise.received"),
		typeOf[SuggestionReceived](family, "suggestion.received"),
	}
}

func churnTypes() []*Type {
	const family = "churn"
	return []*Type{
		typeOf[CompetitorMentioned](family, "competitor.mentioned"),
		typeOf[CompetitorPurchased](family, "competitor.purchased"),
		typeOf[PriceObjected](family, "price.objected"),
		typeOf[NeedChanged](family, "need.changed"),
		typeOf[CustomerLost](family, "customer.lost"),
		typeOf[CustomerReturned](family, "customer.returned"),
		typeOf[ChurnCauseDetermined](family, "churn.cause_determined"),
		typeOf[WinBackDecided](family, "win_back.decided"),
		typeOf[WinBackStarted](family, "win_back.started"),
		typeOf[WinBackContactMade](family, "win_back.contact_made"),
		typeOf[WinBackOfferMade](family, "win_back.offer_made"),
		typeOf[WinBackOfferAccepted](family, "win_back.offer_accepted"),
		typeOf[WinBackOfferDeclined](family, "win_back.offer_declined"),
		typeOf[WinBackClosed](family, "win_back.closed"),
		typeOf[MassLossObserved](family, "mass_loss.observed").in(StreamOrg),
		typeOf[EmployeeLeft](family, "employee.left").in(StreamEmployee),
	}
}

func peopleTypes() []*Type {
	const family = "people"
	return []*Type{
		typeOf[WarningAcknowledged](family, "warning.acknowledged"),
		typeOf[WarningAssigned](family, "warning.assigned"),
		typeOf[WarningSnoozed](family, "warning.snoozed"),
		typeOf[WarningDismissed](family, "warning.dismissed"),
	}
}

func correctionTypes() []*Type {
	const family = "correction"
	return []*Type{
		typeOf[EventRetracted](family, "event.retracted").in(StreamAny),
		typeOf[EventCorrected](family, "event.corrected").in(StreamAny),
	}
}

func controlTypes() []*Type {
	const family = "control"
	return []*Type{
		typeOf[ClockTicked](family, "clock.ticked").control(),
		typeOf[PolicyPublished](family, "policy.published").control(),
		typeOf[ModelFitted](family, "model.fitted").control(),
		typeOf[QuarantineRedriven](family, "quarantine.redriven").control(),
		typeOf[QuarantineDiscarded](family, "quarantine.discarded").control(),
		typeOf[StreamRedriven](family, "stream.redriven").control(),
	}
}
