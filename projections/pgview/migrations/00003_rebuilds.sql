-- Why: how far a rebuild of the views is, so that it can be watched from elsewhere and goes on after a crash.
-- Locks: nothing that exists.
-- +goose Up
CREATE TABLE rapport.rebuilds (
    generation integer     PRIMARY KEY REFERENCES rapport.generations (id) ON DELETE CASCADE,
    phase      text        NOT NULL CHECK (phase IN ('loading', 'indexing', 'catching_up', 'switching', 'different', 'done')),
    detail     text        NOT NULL DEFAULT '',
    started_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE rapport.rebuild_partitions (
    generation  integer NOT NULL REFERENCES rapport.rebuilds (generation) ON DELETE CASCADE,
    partition   integer NOT NULL,
    pinned      bigint  NOT NULL,
    shares_done integer NOT NULL DEFAULT 0,
    shares_to   integer NOT NULL DEFAULT 0,
    read_to     bigint  NOT NULL DEFAULT 0,
    seconds     double precision NOT NULL DEFAULT 0,
    PRIMARY KEY (generation, partition)
);

COMMENT ON TABLE rapport.rebuilds IS 'The rebuilds of the views whose generations exist.';
COMMENT ON COLUMN rapport.rebuilds.generation IS 'Number of the generation that is built.';
COMMENT ON COLUMN rapport.rebuilds.phase IS 'loading: the log is folded into its tables; indexing: keys and indexes are made; catching_up: it follows the live one; switching: it is compared and shown; different: it was not shown because it differs; done: it was shown.';
COMMENT ON COLUMN rapport.rebuilds.detail IS 'Remark for people on the phase.';
COMMENT ON COLUMN rapport.rebuilds.started_at IS 'When it began.';
COMMENT ON COLUMN rapport.rebuilds.updated_at IS 'When the process that runs it reported last.';
COMMENT ON TABLE rapport.rebuild_partitions IS 'How far the loading of each partition is.';
COMMENT ON COLUMN rapport.rebuild_partitions.generation IS 'Number of the generation that is built.';
COMMENT ON COLUMN rapport.rebuild_partitions.partition IS 'Number of the partition.';
COMMENT ON COLUMN rapport.rebuild_partitions.pinned IS 'Offset before which all records are loaded.';
COMMENT ON COLUMN rapport.rebuild_partitions.shares_done IS 'How many of the 64 shares of the streams are in the tables.';
COMMENT ON COLUMN rapport.rebuild_partitions.shares_to IS 'The pass at hand folds the shares from shares_done to this one, not included.';
COMMENT ON COLUMN rapport.rebuild_partitions.read_to IS 'Offset before which the pass at hand has read the records.';
COMMENT ON COLUMN rapport.rebuild_partitions.seconds IS 'How long it took so far.';
