-- +goose Up

create table users (
    user_id       uuid        not null primary key,
    username      text        collate "C" not null unique, -- as mapped by PRECIS UsernameCaseMapped
    password_hash text        not null,
    epoch         bigint      not null,                    -- only grows
    roles         text        not null,                    -- separated by single spaces
    created_at    timestamptz not null,
    disabled_at   timestamptz,
    row_version   bigint      not null                     -- raised by every change that is decided on the user as a whole
);

-- One row a session. A rotation writes generation, the hashes, nonce, secret_version, rotated_at,
-- idle_ends_at and row_version, and no index holds one of them, so its update stays on the page (HOT):
-- half of every page is left free for that.
create table sessions (
    session_id     uuid        not null primary key,
    user_id        uuid        not null references users (user_id),
    client_id      text        not null,
    epoch          bigint      not null,                   -- the user's at login
    generation     bigint      not null,
    current_hash   bytea       not null,                   -- SHA-256 of the live refresh token's secret
    previous_hash  bytea,                                  -- of its parent's; null at generation 0
    nonce          bytea,                                  -- what made the live secret of its parent; null at generation 0
    secret_version smallint    not null,                   -- of the sealed secret that the last rotation used
    created_at     timestamptz not null,                   -- the login: auth_time
    rotated_at     timestamptz not null,
    idle_ends_at   timestamptz not null,
    ends_at        timestamptz not null,
    ended_at       timestamptz,
    end_reason     text,
    device         text        not null,
    user_agent     text        not null,
    login_ip       inet,
    row_version    bigint      not null
) with (fillfactor = 50);

create index sessions_user_id on sessions (user_id) where ended_at is null; -- a user's sessions
create index sessions_ends_at on sessions (ends_at);                        -- the collector

-- A one-time token of the operator's mailer. One row a user: a new token replaces the old one.
create table password_resets (
    user_id     uuid        not null primary key references users (user_id),
    reset_id    uuid        not null unique,
    secret_hash bytea       not null,                      -- SHA-256 of the token's secret
    epoch       bigint      not null,                      -- good only while it is the user's
    created_at  timestamptz not null,
    expires_at  timestamptz not null
);

-- The greatest bcrypt cost among the stored hashes: what a login of nobody must cost.
create table password_cost (
    singleton smallint not null primary key check (singleton = 1),
    greatest  smallint not null
);
insert into password_cost (singleton, greatest) values (1, 0);

-- Long-lived secrets, sealed with AES-256-GCM under the master key; the name is authenticated with them.
create table secrets (
    name       text        collate "C" not null primary key, -- refresh.<v>, pepper.<v>, signing.<kid>
    sealed     bytea       not null,
    created_at timestamptz not null
);

-- Signing keys, public halves in clear. The slot makes one winner of any number of instances that
-- make "the next key" at once.
create table signing_keys (
    kid        text        collate "C" not null primary key,
    slot       bigint      not null unique,
    alg        text        not null,
    public_jwk text        not null,
    created_at timestamptz not null,
    signs_from timestamptz,                                -- null: published, not signing yet
    killed_at  timestamptz
);

-- The feed: what is dead until when, append-only. Rows are written only by who holds feed_head, in the
-- transaction that made it so, so the order of seq is the order of commits.
create table kills (
    seq     bigint      not null primary key,
    kind    text        not null,                          -- sid, jti, sub, kid
    subject bytea       not null,                          -- the first 12 bytes of SHA-256 of the claim's text
    value   bigint      not null,                          -- kind sub: the epoch; else 0
    until   timestamptz not null,
    mark    bigint      not null
);
create index kills_kind_subject on kills (kind, subject);

create table feed_head (
    singleton       smallint    not null primary key check (singleton = 1),
    feed_id         text        not null,
    seq             bigint      not null,
    mark            bigint      not null,                  -- of the last transaction that added entries
    max_ttl         bigint      not null,                  -- seconds: the longest access lifetime ever in force
    as_of           timestamptz not null,                  -- every revocation acknowledged before it is in
    keyring_version bigint      not null,                  -- raised by every change of keys or secrets
    jwks_max_age    bigint      not null                   -- seconds: the longest ever served
);

-- +goose Down
drop table feed_head, kills, signing_keys, secrets, password_cost, password_resets, sessions, users;
