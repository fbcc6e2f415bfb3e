-- Why: a subscription may have quiet hours, in which only deliveries of some levels are sent.
-- Locks: both tables, for one look at all deliveries, none of which has a level yet.
-- +goose Up
ALTER TABLE rapport_notify.subscriptions ADD COLUMN quiet_hours jsonb;
ALTER TABLE rapport_notify.deliveries ADD COLUMN level text NOT NULL DEFAULT '';

COMMENT ON COLUMN rapport_notify.subscriptions.quiet_hours IS 'Times in which nothing is sent; null for none.';
COMMENT ON COLUMN rapport_notify.deliveries.level IS 'Level of the output; empty for one without, and for those filed before levels were kept.';

-- What is due in quiet hours all the same.
CREATE INDEX deliveries_level ON rapport_notify.deliveries (subscription, level, next_attempt, seq) WHERE status = 'pending' AND level <> '';
