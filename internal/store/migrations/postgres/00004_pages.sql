-- What pages are made from stands in columns: to take it out of documents costs more than all else of a page.

-- +goose Up
ALTER TABLE job ADD COLUMN goal BIGINT NOT NULL DEFAULT 0; -- number of the version that the job shall run
UPDATE job SET goal = CAST(coalesce(doc ->> 'Goal', '0') AS BIGINT);
ALTER TABLE version ADD COLUMN flink TEXT NOT NULL DEFAULT ''; -- Flink's version; '' = not known yet
UPDATE version SET flink = coalesce(doc ->> 'Flink', '');
ALTER TABLE operation ADD COLUMN outcome TEXT NOT NULL DEFAULT ''; -- '' = it has not ended
UPDATE operation SET outcome = coalesce(doc ->> 'Outcome', '');
