-- Why: the topic of customers has the state of each of them when every writer of a partition published what it changed. This
-- says up to which writer that was so; a gap makes the next one publish all customers of the partition.
-- Locks: nothing that exists.
-- +goose Up
CREATE TABLE rapport.customers_topic (
    partition  integer PRIMARY KEY,
    generation text    NOT NULL,
    epoch      bigint  NOT NULL
);

COMMENT ON TABLE rapport.customers_topic IS 'Up to which writer of each partition the topic of customers has every state.';
COMMENT ON COLUMN rapport.customers_topic.partition IS 'Number of the partition.';
COMMENT ON COLUMN rapport.customers_topic.generation IS 'Schema of the views that the states are of.';
COMMENT ON COLUMN rapport.customers_topic.epoch IS 'Epoch of the last writer that published every state.';
