package main

const intro = `# How far it scales

Written by ` + "`make scaling`" + ` from [performance.json](performance.json): a **%s** run of the benchmark on %s (%s, %d cores), where
service, PostgreSQL and clients shared the machine. Nothing below was run at its size. It is arithmetic on costs that were
measured at one: what it says holds to a factor of two, as long as what it takes for granted holds at all. Run the benchmark on
your machines, and the program on what it found.

## What was measured
`

const assumed = `
## What is assumed

- **The busiest hour.** %.0f %% of all users have an application open, each with one session that refreshes when its access token,
  which lives %.0f minutes, runs out: refreshes a second are active sessions / lifetime. A user signs in every %.0f days and logs out
  every %.0f; at that hour, %.0f times the mean.
- **Stored:** %.0f sessions of each user. A session that ended stays until 31 days after its login, as do those that are merely idle.
- **CPU** is planned for at %.0f %%: the rest is for storms, and for the machine that dies. An instance has %.0f cores, there are at least
  two, and each holds at most %d polls of verifiers. The cores are those of the run.
- **Sizes:** a session takes %.0f bytes with its indexes and the half of each page that is left free for updates, a user %.0f (measured:
  870 and 270, with the User-Agent of a browser). A login or logout leaves %.0f in the audit, for 90 days. A page of the feed has %.0f bytes
  without entries, its HTTP has %.0f, an entry has %.0f in base64. TLS, backups, standbys and kept WAL come on top.
- **WAL** is that of the run, whose store held a million sessions. Some 350 bytes of it are the refresh; the rest are images of pages that
  were written for the first time after a checkpoint. How many there are depends on how refreshes lie between two checkpoints: from
  none to one a refresh, which adds some 4 kB. Checkpoints that are farther apart and ` + "`wal_compression`" + ` make it less.
- **One PostgreSQL** is taken to be good for %.0f cores, %.0f MB of WAL a second, %.0f TB, and %.0f %% of the logouts that one head took in the
  run. What needs more is several databases. None of the four is a measurement of where PostgreSQL ends.
- **A verifier** is a process. It stands at the head of the feed, with the default budget of 60 s. To answer it is taken to cost what it
  costs to answer with the key set, which is ready as well: how much a page's length adds was not measured.
`

const lifetimes = `
**Bcrypt is what you pay for.** A login costs as much CPU as %s refreshes, on purpose, and no number of databases makes it cheaper. An
instance keeps nothing, so those cores can be added for an hour and taken away. Sessions that live longer save more of them than any setting.

## By the life of access tokens

For ten million users. A logout is obeyed within a second in every row: that is what the feed is for. A longer life saves refreshes and
keeps kills longer. The memory is an instance's.

| lifetime | refreshes a second | authd cores without bcrypt and feed | PostgreSQL cores | WAL a second | live kills | memory, an instance |
|---|---|---|---|---|---|---|
`

const logoutRates = `
## By logouts

With tokens of five minutes. A kill lives as long as the longest access token and two minutes more, so logouts a second times 420 are
live. A verifier is sent a page for each twentieth of a second in which somebody logged out, and one every 20 s when nobody does. (An instance
tells of its own logouts sooner, and waits between two pages for 10 ms and 50 µs for each poll that it holds: as many more pages as
that lets through are not in the table.) Pages begin at powers of two, so that everybody shares them; that sends 0.75 entries again
for each new one, and with few logouts some 7 a page.

| logouts a second | live kills | memory, an instance | memory, a verifier | feed to one verifier, a second | to 1,000 | to 100,000 | of what one head took |
|---|---|---|---|---|---|---|---|
`

const limits = `
A verifier that starts reads all live kills once, some 50 bytes each, before it accepts a token.

## Where it ends

Every logout locks one row, the feed's head, so that the order of the feed is the order of commits. All instances stand in that
queue. What moves is a batch: up to 256 logouts of an instance commit together.

- **The head** took %s logouts a second in the run, while service, PostgreSQL and clients used %s of all cores: how many it takes when
  nothing but the row is in the way was not measured. Plan for half, %s. Above what it takes logouts do not fail but wait, and at a full
  queue they are told to come back (503). A disk that flushes more slowly makes batches larger, until they are full.
- **Pages** are no limit: 16,384 entries each, 20 polls a second, are %s entries a second for an instance that catches up.
- **Bandwidth** ends first where verifiers are many: see the columns above. It is the one cost that grows with logouts *times* verifiers,
  and so does, up to 20 logouts a second, the CPU time to send it.
- **Refreshes** never touch the head. What ends there is PostgreSQL: its cores, its WAL, its disk.
- **Polls of the store** are 20 a second for each instance, and one more after each batch of its own logouts, whatever the number of verifiers.
`

const beyond = `
## What then

**First what needs nothing new.** Sessions that live longer need fewer logins. Access tokens that live shorter need fewer live kills, and
longer ones fewer refreshes. Ending everything of a user is one kill, however many sessions there are.

**Relays of the signed pages.** A page is signed, names its issuer and says where it begins and ends. Whoever passes it on can neither
forge nor change it, and needs no secret. What a relay can do is be late:

- A verifier counts its freshness from the instant at which it *asked*, and takes off ` + "`now - as_of`" + `, both written by authd. Time that
  a page spent in a relay is in neither. A relay that holds a page for d seconds therefore adds d to the bound, unseen.
- What ends that is the rule of two minutes: a page whose ` + "`now`" + ` is farther than that from the verifier's clock is refused whole. So the
  worst that a relay can add is two minutes and as much as the verifier's clock is behind, which [feed.md](feed.md) states, and an honest
  one has to keep authd's own promise: no page later than a second after its ` + "`now`" + `.
- An ordinary CDN is no relay. Answers carry ` + "`Cache-Control: no-store`" + `, because a cache that keeps one for a minute makes every logout
  wait for a minute, and what is asked for is held open for 20 seconds. Do not override it.

| what | today |
|---|---|
| more instances that serve nothing but ` + "`GET /revocations`" + `, near the services: route that path to them | **possible**. Each holds 10,000 polls and asks the store 20 times a second. They have the master key, as all instances |
| a reverse proxy that passes each poll on | possible; it saves connections, and no bytes from authd |
| a relay: one poll of authd for each place that is asked for, the same bytes to all who wait, none older than a second, ` + "`no-store`" + ` passed on | **to be built**. It needs no key and no store: a process in each region, or beside each host |
| one verifier for all processes of a host | to be built: a process that answers them |

With a relay in each of ten regions authd would send the feed some ten times, however many verifiers there are.

**Several issuers.** Beyond one database, split the users: each part with an issuer, a database, a feed and keys of its own. Nothing is
shared, so everything above is divided by their number, and one that fails takes its own users along and no others.

| what | today |
|---|---|
| authd for each issuer, with a database of its own | **possible**: they know nothing of each other |
| a service that accepts several issuers | possible: a verifier for each, with its ` + "`Issuer`" + ` and ` + "`Audience`" + `. The service looks at the ` + "`iss`" + ` of a token that nobody has verified yet only to choose among those that it configured; the chosen one then compares it to the letter |
| that choice, in the verifier itself | to be built |
| knowing where a user belongs before the login: by tenant, by country, by a hash of the name | **yours**: a name is unique within an issuer, not among them |
| moving a user from one to another | to be built. Sessions do not move: the user signs in again |
| less memory and bandwidth in services | only in those that follow some of the issuers. Who follows all is sent all |

Split by what already divides your users. To split them by a hash because the head is busy is the last resort: look first at
who logs out thousands of people a second.
`
