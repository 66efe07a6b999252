-- +goose Up

-- Machines that prove themselves by a secret.
create table clients (
    client_id   uuid        not null primary key,          -- UUIDv7: its order is the order of making
    name        text        not null,                      -- for people
    secret_hash bytea       not null,                      -- SHA-256 of 32 random bytes
    scopes      text        not null,                      -- separated by single spaces
    audiences   text        not null,                      -- separated by single spaces; empty: the service's own
    epoch       bigint      not null,                      -- only grows; tokens below it are dead
    created_at  timestamptz not null,
    row_version bigint      not null                       -- raised by every change
);

-- +goose Down
drop table clients;
