-- The row that is locked by changes which lock no other.

-- +goose Up
INSERT INTO meta (key, value) VALUES ('change', '') ON CONFLICT (key) DO NOTHING;
