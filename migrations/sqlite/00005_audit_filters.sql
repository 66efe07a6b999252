-- +goose Up

-- What operators, commands and authd itself did is a small part of the audit, and found without the rest.
create index audit_actor on audit (actor, event_id) where actor <> 'user';
create index audit_address on audit (address, event_id) where address is not null;

-- +goose Down
drop index audit_address;
drop index audit_actor;
