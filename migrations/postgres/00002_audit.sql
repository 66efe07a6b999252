-- +goose Up

-- What happened, append-only. It names users and sessions by their ids and refers to nothing: rows
-- outlive what they name, and of a deleted user's rows only address and user_agent are blanked.
create table audit (
    event_id   uuid        not null primary key,           -- UUIDv7, made of at: its order is the order of events
    at         timestamptz not null,                       -- whole milliseconds, as in event_id
    name       text        not null,
    reason     text,
    actor      text        not null,                       -- user, admin, cli, system
    user_id    uuid,
    session_id uuid,
    subject    text,                                       -- what else it is about: a jti, a kid, a client
    address    inet,
    user_agent text
);
create index audit_user_id on audit (user_id, event_id);
create index audit_session_id on audit (session_id, event_id);
create index audit_name on audit (name, event_id);

-- Whole: deleting a user looks for every session, ended ones too. A user's live sessions are still found
-- without reading the dead ones, and no rotation writes ended_at.
drop index sessions_user_id;
create index sessions_user_id on sessions (user_id, ended_at);

-- +goose Down
drop index sessions_user_id;
create index sessions_user_id on sessions (user_id) where ended_at is null;
drop table audit;
