-- +goose Up

create table throttles (
    account     blob    not null,
    source      blob    not null,
    failures    integer not null,
    counted_at  integer not null,
    row_version integer not null,
    primary key (account, source)
) strict, without rowid;
create index throttles_counted_at on throttles (counted_at);

alter table sessions add column login_net text;
create index sessions_login_net on sessions (login_net, user_id, created_at);

-- +goose Down
drop index sessions_login_net;
alter table sessions drop column login_net;
drop table throttles;
