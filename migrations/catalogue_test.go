//go:build unix

package migrations_test

// What each database says of itself, in words that both have in common. The types are SQLite's: ids and
// hashes are blobs there, times and numbers are integers, and an address is text. goose's own table is
// not ours.

const postgresTables = `
select c.relname
  from pg_class c
 where c.relnamespace = current_schema()::regnamespace
   and c.relkind in ('r', 'i', 'S', 'v')
   and c.relname not like 'goose_%'`

const sqliteTables = `
select name
  from sqlite_schema
 where name not like 'goose_%'
   and name not like 'sqlite_%'`

const postgresColumns = `
select c.table_name, c.ordinal_position, c.column_name,
       case c.data_type
            when 'uuid' then 'blob'
            when 'bytea' then 'blob'
            when 'bigint' then 'integer'
            when 'smallint' then 'integer'
            when 'timestamp with time zone' then 'integer'
            when 'inet' then 'text'
            when 'text' then 'text'
            else 'unknown: ' || c.data_type
       end,
       case c.is_nullable when 'YES' then 'null' else 'not null' end,
       coalesce(c.column_default, 'no default')
  from information_schema.columns c
 where c.table_schema = current_schema()
   and c.table_name not like 'goose_%'`

const sqliteColumns = `
select t.name, c.cid + 1, c.name, lower(c.type),
       case c."notnull" when 0 then 'null' else 'not null' end,
       coalesce(c.dflt_value, 'no default')
  from pragma_table_list t
  join pragma_table_info(t.name) c
 where t.schema = 'main'
   and t.name not like 'goose_%'
   and t.name not like 'sqlite_%'
   and t.strict`

const postgresKeys = `
select t.relname,
       case when i.indisprimary then 'primary' else 'unique' end,
       (select string_agg(a.attname, ',' order by k.place)
          from unnest(i.indkey) with ordinality as k (attnum, place)
          join pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum)
  from pg_index i
  join pg_class t on t.oid = i.indrelid
 where t.relnamespace = current_schema()::regnamespace
   and t.relname not like 'goose_%'
   and i.indisunique`

// A primary key that is the rowid has no index.
const sqliteKeys = `
select t.name, 'primary',
       (select group_concat(name, ',') from (select name from pragma_table_info(t.name) where pk > 0 order by pk))
  from pragma_table_list t
 where t.schema = 'main'
   and t.strict
union all
select t.name, 'unique', (select group_concat(name, ',') from (select name from pragma_index_info(i.name) order by seqno))
  from pragma_table_list t
  join pragma_index_list(t.name) i
 where t.schema = 'main'
   and t.strict
   and i."unique"
   and i.origin <> 'pk'`

const postgresIndexes = `
select t.relname, x.relname,
       case when i.indpred is null then 'whole' else 'partial' end,
       (select string_agg(a.attname, ',' order by k.place)
          from unnest(i.indkey) with ordinality as k (attnum, place)
          join pg_attribute a on a.attrelid = t.oid and a.attnum = k.attnum)
  from pg_index i
  join pg_class t on t.oid = i.indrelid
  join pg_class x on x.oid = i.indexrelid
 where t.relnamespace = current_schema()::regnamespace
   and t.relname not like 'goose_%'
   and not i.indisunique`

const sqliteIndexes = `
select t.name, i.name,
       case i.partial when 0 then 'whole' else 'partial' end,
       (select group_concat(name, ',') from (select name from pragma_index_info(i.name) order by seqno))
  from pragma_table_list t
  join pragma_index_list(t.name) i
 where t.schema = 'main'
   and t.name not like 'goose_%'
   and not i."unique"`

const postgresReferences = `
select t.relname, a.attname, f.relname, b.attname
  from pg_constraint c
  join pg_class t on t.oid = c.conrelid
  join pg_class f on f.oid = c.confrelid
  join pg_attribute a on a.attrelid = t.oid and a.attnum = c.conkey[1]
  join pg_attribute b on b.attrelid = f.oid and b.attnum = c.confkey[1]
 where c.contype = 'f'
   and t.relnamespace = current_schema()::regnamespace`

const sqliteReferences = `
select t.name, r."from", r."table", r."to"
  from pragma_table_list t
  join pragma_foreign_key_list(t.name) r
 where t.schema = 'main'`
