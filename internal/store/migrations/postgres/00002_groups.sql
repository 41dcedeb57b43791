-- Groups are made and removed by callers: they have tags, and their subscription is what is locked for it.

-- +goose Up
ALTER TABLE resource_group ADD COLUMN tags TEXT NOT NULL DEFAULT 'null';
ALTER TABLE subscription ADD COLUMN change TEXT NOT NULL DEFAULT '';
