-- Why: engines that share a database divide the partitions through a consumer group, and those of another database must
-- not join it. The group's name is made of this id.
-- Locks: nothing that exists.
-- +goose Up
CREATE TABLE rapport.identity (id uuid NOT NULL);

INSERT INTO rapport.identity VALUES (gen_random_uuid());

COMMENT ON TABLE rapport.identity IS 'One row: what tells this database from every other one.';
COMMENT ON COLUMN rapport.identity.id IS 'Random id, made once.';
