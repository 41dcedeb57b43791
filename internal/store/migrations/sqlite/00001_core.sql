-- The core tables: see docs/decisions/0002-core-tables.md.
-- number counts insertions. What is "newest" goes by it: wall time is shown, never trusted.

-- +goose Up
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE subscription (
    id     TEXT PRIMARY KEY, -- lower-cased GUID
    name   TEXT NOT NULL,
    tenant TEXT NOT NULL
);

CREATE TABLE resource_group (
    subscription TEXT NOT NULL REFERENCES subscription,
    key          TEXT NOT NULL,
    name         TEXT NOT NULL,
    location     TEXT NOT NULL,
    PRIMARY KEY (subscription, key)
);

CREATE TABLE target (
    name       TEXT PRIMARY KEY,
    kind       TEXT NOT NULL,
    identity   TEXT NOT NULL,
    epoch      INTEGER NOT NULL,
    holder     TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    change     TEXT NOT NULL
);

CREATE TABLE pool (
    uid          TEXT PRIMARY KEY,
    key          TEXT NOT NULL UNIQUE, -- lower-cased ARM id
    subscription TEXT NOT NULL,        -- lower-cased
    group_key    TEXT NOT NULL,
    doc          TEXT NOT NULL,
    change       TEXT NOT NULL
);
CREATE INDEX pool_group ON pool (subscription, group_key, key);

CREATE TABLE cluster (
    uid           TEXT PRIMARY KEY,
    pool          TEXT NOT NULL REFERENCES pool,
    key           TEXT NOT NULL,
    name          TEXT NOT NULL,
    deployment_id TEXT NOT NULL UNIQUE,
    phase         TEXT NOT NULL,
    etag          TEXT NOT NULL,
    doc           TEXT NOT NULL,
    change        TEXT NOT NULL,
    UNIQUE (pool, key)
);

CREATE TABLE job (
    uid     TEXT PRIMARY KEY,
    cluster TEXT NOT NULL REFERENCES cluster ON DELETE CASCADE,
    run_id  TEXT NOT NULL UNIQUE,
    doc     TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    change  TEXT NOT NULL
);
CREATE INDEX job_cluster ON job (cluster);

CREATE TABLE version (
    job    TEXT NOT NULL REFERENCES job ON DELETE CASCADE,
    number INTEGER NOT NULL,
    state  TEXT NOT NULL,
    doc    TEXT NOT NULL,
    PRIMARY KEY (job, number)
);

-- No cascade from job: a deleted cluster's incarnations stay until their processes are proved dead.
CREATE TABLE incarnation (
    number      INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    job         TEXT NOT NULL,
    target      TEXT NOT NULL REFERENCES target,
    phase       TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    reserved_mb INTEGER NOT NULL,
    doc         TEXT NOT NULL
);
CREATE UNIQUE INDEX incarnation_one_alive ON incarnation (job) WHERE phase IN ('Releasing', 'Live'); -- never two copies
CREATE INDEX incarnation_job ON incarnation (job, number);
CREATE INDEX incarnation_not_dead ON incarnation (target) WHERE phase NOT IN ('Dead', 'Abandoned');

CREATE TABLE port (
    target      TEXT NOT NULL REFERENCES target,
    port        INTEGER NOT NULL,
    incarnation TEXT NOT NULL,
    PRIMARY KEY (target, port)
);
CREATE INDEX port_incarnation ON port (incarnation);

CREATE TABLE trigger_ (
    number      INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    job         TEXT NOT NULL,
    incarnation TEXT NOT NULL,
    state       TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    doc         TEXT NOT NULL
);
CREATE INDEX trigger_open ON trigger_ (job) WHERE state = 'open';
CREATE INDEX trigger_incarnation ON trigger_ (incarnation);

CREATE TABLE savepoint (
    number       INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    job          TEXT NOT NULL,
    cluster      TEXT NOT NULL,
    pool         TEXT NOT NULL,
    name         TEXT NOT NULL,
    uri          TEXT NOT NULL UNIQUE,
    complete     INTEGER NOT NULL,
    completed_at INTEGER NOT NULL,
    doc          TEXT NOT NULL
);
CREATE INDEX savepoint_job ON savepoint (job, completed_at);
CREATE INDEX savepoint_name ON savepoint (pool, name);

CREATE TABLE operation (
    number            INTEGER PRIMARY KEY,
    id                TEXT NOT NULL UNIQUE,
    subject           TEXT NOT NULL,
    cluster           TEXT NOT NULL,
    resource_key      TEXT NOT NULL, -- lower-cased ARM id
    target            TEXT NOT NULL,
    kind              TEXT NOT NULL,
    verb              TEXT NOT NULL,
    lane              TEXT NOT NULL,
    state             TEXT NOT NULL,
    turn              INTEGER NOT NULL,
    principal         TEXT NOT NULL,
    client_request_id TEXT NOT NULL,
    client_token      TEXT NOT NULL,
    created_at        INTEGER NOT NULL,
    ended_at          INTEGER NOT NULL,
    doc               TEXT NOT NULL,
    change            TEXT NOT NULL
);
CREATE UNIQUE INDEX operation_one_active ON operation (subject) WHERE state = 'Active';
CREATE INDEX operation_open ON operation (target) WHERE state <> 'Ended';
CREATE INDEX operation_ended ON operation (ended_at) WHERE state = 'Ended';
CREATE INDEX operation_resource ON operation (resource_key, number, lane, verb);
CREATE INDEX operation_request ON operation (client_request_id) WHERE client_request_id <> '';
CREATE INDEX operation_token ON operation (client_token) WHERE client_token <> '';

CREATE TABLE operation_line (
    operation TEXT NOT NULL REFERENCES operation (id) ON DELETE CASCADE,
    number    INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    step      TEXT NOT NULL,
    text      TEXT NOT NULL,
    PRIMARY KEY (operation, number)
);

CREATE TABLE audit (
    number     INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    principal  TEXT NOT NULL,
    action     TEXT NOT NULL,
    resource   TEXT NOT NULL,
    decision   TEXT NOT NULL,
    request_id TEXT NOT NULL,
    detail     TEXT NOT NULL
);
