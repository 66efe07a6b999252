-- +goose Up

create table audit (
    event_id   blob    not null primary key,
    at         integer not null,
    name       text    not null,
    reason     text,
    actor      text    not null,
    user_id    blob,
    session_id blob,
    subject    text,
    address    text,
    user_agent text
) strict, without rowid;
create index audit_user_id on audit (user_id, event_id);
create index audit_session_id on audit (session_id, event_id);
create index audit_name on audit (name, event_id);

drop index sessions_user_id;
create index sessions_user_id on sessions (user_id, ended_at);

-- +goose Down
drop index sessions_user_id;
create index sessions_user_id on sessions (user_id) where ended_at is null;
drop table audit;
