-- +goose Up
-- Times are microseconds since 1970 in UTC; ids are 16 bytes. What a column means stands in the
-- PostgreSQL twin of this file.

create table users (
    user_id       blob    not null primary key,
    username      text    not null unique,
    password_hash text    not null,
    epoch         integer not null,
    roles         text    not null,
    created_at    integer not null,
    disabled_at   integer,
    row_version   integer not null
) strict, without rowid;

create table sessions (
    session_id     blob    not null primary key,
    user_id        blob    not null references users (user_id),
    client_id      text    not null,
    epoch          integer not null,
    generation     integer not null,
    current_hash   blob    not null,
    previous_hash  blob,
    nonce          blob,
    secret_version integer not null,
    created_at     integer not null,
    rotated_at     integer not null,
    idle_ends_at   integer not null,
    ends_at        integer not null,
    ended_at       integer,
    end_reason     text,
    device         text    not null,
    user_agent     text    not null,
    login_ip       text,
    row_version    integer not null
) strict, without rowid;

create index sessions_user_id on sessions (user_id) where ended_at is null;
create index sessions_ends_at on sessions (ends_at);

create table password_resets (
    user_id     blob    not null primary key references users (user_id),
    reset_id    blob    not null unique,
    secret_hash blob    not null,
    epoch       integer not null,
    created_at  integer not null,
    expires_at  integer not null
) strict, without rowid;

create table password_cost (
    singleton integer not null primary key check (singleton = 1),
    greatest  integer not null
) strict;
insert into password_cost (singleton, greatest) values (1, 0);

create table secrets (
    name       text    not null primary key,
    sealed     blob    not null,
    created_at integer not null
) strict, without rowid;

create table signing_keys (
    kid        text    not null primary key,
    slot       integer not null unique,
    alg        text    not null,
    public_jwk text    not null,
    created_at integer not null,
    signs_from integer,
    killed_at  integer
) strict, without rowid;

create table kills (
    seq     integer not null primary key,
    kind    text    not null,
    subject blob    not null,
    value   integer not null,
    until   integer not null,
    mark    integer not null
) strict;
create index kills_kind_subject on kills (kind, subject);

create table feed_head (
    singleton       integer not null primary key check (singleton = 1),
    feed_id         text    not null,
    seq             integer not null,
    mark            integer not null,
    max_ttl         integer not null,
    as_of           integer not null,
    keyring_version integer not null,
    jwks_max_age    integer not null
) strict;

-- +goose Down
drop table feed_head;
drop table kills;
drop table signing_keys;
drop table secrets;
drop table password_cost;
drop table password_resets;
drop table sessions;
drop table users;
