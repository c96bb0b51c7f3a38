-- Moments are microseconds since 1970 (UTC); enums are their words, except lanes, flags and outbox states.

create table smskit_policy (
    org text primary key,
    version integer not null,
    record text not null
) without rowid;

create table smskit_sender (
    id integer primary key,
    org text not null,
    driver text not null,
    address text not null,
    -- Rate: microseconds per part, parts in a burst and in debt; the generic cell rate algorithm's one moment.
    interval integer not null default 0,
    burst integer not null default 1,
    debt integer not null default 0,
    free_at integer not null default 0,
    -- When it last got a turn, so that senders of one driver take turns.
    served_at integer not null default 0,
    unique (driver, address)
);
create index smskit_sender_org on smskit_sender (org, id);

create table smskit_contact (
    id integer primary key,
    org text not null,
    number text not null,
    name text not null default '',
    zone text,
    attributes text not null default '{}',
    created_at integer not null,
    updated_at integer not null,
    -- Another number of this person; one that is pointed at points nowhere.
    merged_into integer references smskit_contact (id),
    unique (org, number)
);
create index smskit_contact_list on smskit_contact (org, id) where merged_into is null;
create index smskit_contact_merged on smskit_contact (merged_into) where merged_into is not null;

-- The row on which admission, opt-out and replies meet. Made when a number is first seen, never deleted.
create table smskit_subscription (
    org text not null,
    number text not null,
    opted_out integer not null default 0,
    scope text not null default 'all',
    source text not null default 'default',
    changed_at integer not null,
    consent text not null default 'none',
    consent_message_id integer,
    version integer not null default 1,
    primary key (org, number)
) without rowid;

create table smskit_block (
    org text not null,
    number text not null,
    driver text not null,
    address text not null,
    code text,
    since integer not null,
    primary key (org, number, driver, address)
) without rowid;

create table smskit_conversation (
    -- Never used again: whoever kept the id of one that was deleted must not meet another.
    id integer primary key autoincrement,
    org text not null,
    sender_id integer not null references smskit_sender (id),
    contact_id integer not null references smskit_contact (id),
    archived integer not null default 0,
    -- How many inbound messages there are after read_up_to.
    unread integer not null default 0,
    read_up_to integer,
    assigned_to text,
    last_message_id integer,
    last_at integer not null,
    next_order integer not null default 1,
    created_at integer not null,
    unique (sender_id, contact_id)
);
create index smskit_conversation_list on smskit_conversation (org, archived, last_at desc, id desc);
create index smskit_conversation_assigned
    on smskit_conversation (org, archived, assigned_to, last_at desc, id desc);
create index smskit_conversation_unread
    on smskit_conversation (org, archived, last_at desc, id desc) where unread > 0;
create index smskit_conversation_contact on smskit_conversation (contact_id, last_at desc);

create table smskit_message (
    id integer primary key autoincrement,
    org text not null,
    conversation_id integer not null references smskit_conversation (id),
    kind text not null,
    origin text,
    category text,
    lane integer not null default 0,
    status text not null,
    text text not null,
    parts integer not null,
    -- Identifiers of national languages, with commas: whose tables the parts were counted with.
    languages text not null default '',
    actor text not null,
    key text,
    at integer not null,
    created_at integer not null,
    -- The driver it was last handed to.
    via text,
    due_at integer,
    admitted_at integer,
    accepted_at integer,
    settled_at integer,
    code text,
    flags integer not null default 0,
    after_id integer,
    media_count integer not null default 0,
    -- What it said when it was made, if that was changed: what its key stands for.
    asked_text text,
    -- What was meant by due_at, as in 2027-03-14T02:30:00 America/Denver.
    local_due text,
    enrolment_id integer,
    step integer
);
create index smskit_message_thread on smskit_message (conversation_id, at desc, id desc);
create index smskit_message_enrolment on smskit_message (enrolment_id, step) where enrolment_id is not null;
create unique index smskit_message_key on smskit_message (org, key) where key is not null;
create index smskit_message_inbound on smskit_message (conversation_id, id) where kind = 'inbound';

create table smskit_label (
    id integer primary key,
    org text not null,
    -- What makes two spellings the same label.
    key text not null,
    name text not null,
    unique (org, key)
);

-- Which conversations have which labels, with what a page of them needs; the trigger keeps that as it is there.
create table smskit_labelled (
    conversation_id integer not null references smskit_conversation (id),
    label_id integer not null references smskit_label (id),
    archived integer not null,
    last_at integer not null,
    primary key (conversation_id, label_id)
) without rowid;
create index smskit_labelled_list on smskit_labelled (label_id, archived, last_at desc, conversation_id desc);
create trigger smskit_labelled_moved after update of archived, last_at on smskit_conversation
when new.archived <> old.archived or new.last_at <> old.last_at begin
    update smskit_labelled set archived = new.archived, last_at = new.last_at where conversation_id = new.id;
end;

create table smskit_draft (
    -- Never used again, so that it names one text.
    id integer primary key autoincrement,
    org text not null,
    conversation_id integer not null references smskit_conversation (id),
    actor text not null,
    text text not null,
    saved_at integer not null,
    unique (conversation_id, actor)
);

-- One row for each message that is not settled. States: 0 ready, 1 claimed, 2 submitting, 3 waiting for its turn,
-- 4 unknown, 5 parked until due_at (scheduled or held), 6 after a consent message.
create table smskit_outbox (
    message_id integer primary key references smskit_message (id),
    conversation_id integer not null,
    sender_id integer not null,
    lane integer not null,
    state integer not null,
    -- Null behind a consent message: its fate decides, not the time.
    due_at integer,
    expires_at integer,
    parts integer not null,
    -- Its place in its conversation and lane; null while parked or behind a consent message.
    order_no integer,
    -- It was stuck for too long and no longer holds up the ones behind it.
    yielded integer not null default 0,
    yield_at integer,
    after_id integer,
    worker text,
    fence integer not null default 0,
    tries integer not null default 0,
    -- An earlier attempt may have gone out: whatever ends it here, it ends as unknown.
    doubt integer not null default 0,
    -- The policy's patience with it, in microseconds.
    hold_for integer not null,
    consent_wait integer not null,
    lease_until integer,
    way text,
    -- What the last decision in the ledger says, in short.
    gist text not null default '',
    enrolment_id integer
);
create index smskit_outbox_ready on smskit_outbox (sender_id, lane, due_at, message_id) where state = 0;
create index smskit_outbox_order on smskit_outbox (conversation_id, lane, order_no);
create index smskit_outbox_lease on smskit_outbox (lease_until) where state in (1, 2);
create index smskit_outbox_due on smskit_outbox (due_at) where state in (5, 6);
create index smskit_outbox_doubt on smskit_outbox (due_at) where state = 4 and way is not null;
create index smskit_outbox_yield on smskit_outbox (yield_at) where yield_at is not null;
create index smskit_outbox_enrolment on smskit_outbox (enrolment_id) where enrolment_id is not null;
create index smskit_outbox_after on smskit_outbox (after_id) where after_id is not null;

-- Carrier ids, written by records and by receipts; a receipt that comes first parks its status here.
-- `recent` is what receipts said lately: if the id turns out to be a newer message's, that is what counts for it.
create table smskit_carrier_ref (
    driver text not null,
    carrier_id text not null,
    part integer not null,
    message_id integer,
    status text not null,
    code text,
    recent text,
    received_at integer,
    -- A record named the id, so that its part is known.
    recorded integer not null default 0,
    primary key (driver, carrier_id, part)
) without rowid;
create index smskit_carrier_ref_message on smskit_carrier_ref (message_id, part);

create table smskit_inbox (
    driver text not null,
    event_key text not null,
    -- Null for a part of a text that was not complete with it.
    message_id integer,
    received_at integer not null,
    acknowledged integer not null default 0,
    primary key (driver, event_key)
) without rowid;

-- Parts of long texts that came in and are not complete. Septets stand one an octet.
create table smskit_part (
    sender_id integer not null references smskit_sender (id),
    number text not null,
    reference integer not null,
    wide integer not null,
    total integer not null,
    sequence integer not null,
    encoding text not null,
    locking integer,
    single integer,
    data blob not null,
    expires_at integer not null,
    primary key (sender_id, number, reference, wide, total, sequence)
) without rowid;
create index smskit_part_expiry on smskit_part (expires_at);

-- Pictures, videos and the like of messages. Those to be fetched have a due_at, and the driver that can.
create table smskit_media (
    id integer primary key autoincrement,
    message_id integer not null references smskit_message (id),
    place integer not null,
    state text not null,
    url text not null,
    content_type text,
    size integer,
    digest text,
    code text,
    driver text,
    due_at integer,
    worker text,
    fence integer not null default 0,
    tries integer not null default 0,
    unique (message_id, place)
);
create index smskit_media_due on smskit_media (due_at) where due_at is not null;
create index smskit_media_digest on smskit_media (digest) where digest is not null;

create table smskit_ledger (
    id integer primary key autoincrement,
    org text not null,
    at integer not null,
    kind text not null,
    message_id integer,
    number text,
    actor text,
    record text not null
);
create index smskit_ledger_message on smskit_ledger (message_id) where message_id is not null;
create index smskit_ledger_number on smskit_ledger (org, number) where number is not null;

create table smskit_campaign (
    id integer primary key autoincrement,
    org text not null,
    name text not null,
    -- The current one.
    version integer not null,
    unique (org, name)
);

create table smskit_campaign_version (
    campaign_id integer not null references smskit_campaign (id),
    version integer not null,
    record text not null,
    saved_at integer not null,
    saved_by text not null,
    primary key (campaign_id, version)
) without rowid;

create table smskit_enrolment (
    id integer primary key autoincrement,
    org text not null,
    campaign_id integer not null references smskit_campaign (id),
    version integer not null,
    contact_id integer not null references smskit_contact (id),
    -- It may be deleted since.
    conversation_id integer not null,
    actor text not null,
    state text not null,
    stop_on text not null,
    -- Microseconds that late steps keep between them.
    spacing integer not null,
    zone text not null,
    -- The caller's, so that it may try again.
    key text,
    steps integer not null,
    started_at integer not null,
    ended_at integer,
    why text,
    by_message_id integer
);
create unique index smskit_enrolment_one on smskit_enrolment (campaign_id, contact_id) where state <> 'ended';
create index smskit_enrolment_contact on smskit_enrolment (contact_id, id);
create unique index smskit_enrolment_key on smskit_enrolment (campaign_id, contact_id, key) where key is not null;
create index smskit_enrolment_campaign on smskit_enrolment (campaign_id, id);
create index smskit_enrolment_campaign_state on smskit_enrolment (campaign_id, state, id);
create index smskit_enrolment_list on smskit_enrolment (org, id);
create index smskit_enrolment_state on smskit_enrolment (org, state, id);

-- The writer's lock is the sequencer: ids are given in the order of commits.
create table smskit_event (
    id integer primary key autoincrement,
    org text not null,
    at integer not null,
    kind text not null,
    record text not null
);
create index smskit_event_org on smskit_event (org, id);

create table smskit_reader (
    org text not null,
    name text not null,
    position integer not null,
    primary key (org, name)
) without rowid;

create table smskit_mark (
    name text primary key,
    value integer not null
) without rowid;

create table smskit_link (
    driver text primary key,
    worker text not null,
    lease_until integer not null
) without rowid;

-- A host inserts here inside its own transaction; org, key, actor and sender may be left out.
create table smskit_intake (
    id integer primary key autoincrement,
    org text not null default 'default',
    number text not null,
    text text not null,
    key text,
    actor text not null default 'host',
    sender text,
    error text,
    -- The host hears of a value of another type at once, in its own transaction.
    check (typeof(org) = 'text' and typeof(number) = 'text' and typeof(text) = 'text' and typeof(actor) = 'text'),
    check (typeof(key) in ('text', 'null') and typeof(sender) in ('text', 'null'))
);
create index smskit_intake_open on smskit_intake (id) where error is null;
