-- +goose Up

alter table sessions add column shelved integer not null default 0;
drop index sessions_user_id;
create index sessions_user_id on sessions (user_id, shelved);

-- +goose Down
drop index sessions_user_id;
create index sessions_user_id on sessions (user_id, ended_at);
alter table sessions drop column shelved;
