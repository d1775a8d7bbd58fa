-- What callers were told was done, and what is still owed to the EHR.
-- A turn's mark is sent to the caller only after its rows are committed on both servers.
CREATE TABLE turn (
    turn_id    uuid PRIMARY KEY,
    drill_id   text,
    call_sid   text,
    seq        int,
    patient    text,
    intent     text,
    outcome    text,
    digest     text,
    created_at timestamptz DEFAULT now(),
    UNIQUE (call_sid, seq)
);
CREATE INDEX turn_by_drill ON turn (drill_id);

CREATE TABLE outbox (
    id            bigint GENERATED ALWAYS AS IDENTITY,
    turn_id       uuid PRIMARY KEY REFERENCES turn,
    patient       text,
    drill_id      text,
    document      jsonb,
    attempts      int DEFAULT 0,
    claimed_until timestamptz,
    delivered_at  timestamptz
);
CREATE INDEX outbox_owed ON outbox (claimed_until) WHERE delivered_at IS NULL;
