-- +goose Up

-- A session that was ended before its user's last login, which no login reads any more. The end itself
-- writes no column that an index holds, so it stays on its page (HOT) as a rotation does: with ended_at in
-- the index every logout made four entries in indexes.
alter table sessions add column shelved smallint not null default 0;
drop index sessions_user_id;
create index sessions_user_id on sessions (user_id, shelved);

-- +goose Down
drop index sessions_user_id;
create index sessions_user_id on sessions (user_id, ended_at);
alter table sessions drop column shelved;
