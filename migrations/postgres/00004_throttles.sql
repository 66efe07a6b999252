-- +goose Up

-- Failures to prove a password. A row is about an account (source is empty), about an account seen from
-- one of its own addresses, or about a source (account is empty). Both are HMACs: the name of an account
-- that nobody has may be a password that was typed into the wrong field.
create table throttles (
    account     bytea       not null,
    source      bytea       not null,
    failures    bigint      not null,                      -- of an account: in a row; of a source: not drained yet
    counted_at  timestamptz not null,                      -- the last failure; of a source: when failures was right
    row_version bigint      not null,                      -- raised by every change
    primary key (account, source)
);
create index throttles_counted_at on throttles (counted_at); -- the collector

-- The network of login_ip as it is counted: an address of IPv4, a /64 of IPv6. Null in rows of older
-- builds. No rotation writes a column of this index.
alter table sessions add column login_net text collate "C";
create index sessions_login_net on sessions (login_net, user_id, created_at);

-- +goose Down
drop index sessions_login_net;
alter table sessions drop column login_net;
drop table throttles;
