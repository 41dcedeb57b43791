-- What is read and written again and again for all that runs is kept out of the way of documents.

-- +goose Up
CREATE TABLE job_seen ( -- written each second for many: a page holds a hundred of its rows
    job TEXT PRIMARY KEY REFERENCES job ON DELETE CASCADE,
    at  BIGINT NOT NULL
);
INSERT INTO job_seen (job, at) SELECT uid, seen_at FROM job;
ALTER TABLE job DROP COLUMN seen_at;

DROP INDEX incarnation_not_dead;
CREATE INDEX incarnation_not_dead ON incarnation (target, phase, number, id, reserved_mb) WHERE phase NOT IN ('Dead', 'Abandoned'); -- answers what runs, and what it holds
