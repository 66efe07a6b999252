-- +goose Up

create table clients (
    client_id   blob    not null primary key,
    name        text    not null,
    secret_hash blob    not null,
    scopes      text    not null,
    audiences   text    not null,
    epoch       integer not null,
    created_at  integer not null,
    row_version integer not null
) strict, without rowid;

-- +goose Down
drop table clients;
