-- One row a spell of a customer's contracts, with its tenure in calendar periods.
WITH spell AS (
    SELECT
        customer_key,
        CAST(spell AS BIGINT) AS spell,
        max(CASE WHEN from_last = 1 THEN plan END) AS plan,
        min(paid_from) AS started_on,
        CASE WHEN max(until) <= {cut} THEN max(until) END AS ended_on,
        CASE
            WHEN max(until) > {cut} THEN CASE
                WHEN bool_or(until > {cut} AND status = 'active') THEN 'active'
                WHEN bool_or(until > {cut} AND status = 'past_due') THEN 'past_due'
                WHEN bool_or(until > {cut} AND status = 'paused') THEN 'paused'
                ELSE 'active' END
            ELSE 'ended'
        END AS state,
        max(CASE WHEN from_last = 1 THEN reason END) AS reason,
        sum(CASE WHEN until > {cut} THEN mrr END) AS mrr_running,
        max(CASE WHEN from_last = 1 THEN mrr END) AS mrr_last,
        sum(mrr * date_diff('day', paid_from, least(until, {cut})) / 30.4375) AS revenue,
        sum(CASE WHEN ended_before = paid_from AND mrr > mrr_before THEN 1 ELSE 0 END) AS upgrades,
        sum(CASE WHEN ended_before = paid_from AND mrr < mrr_before THEN 1 ELSE 0 END) AS downgrades,
        sum(CASE WHEN NOT returns AND paid_from > ended_before THEN 1 ELSE 0 END) AS pauses,
        count(*) AS contracts
    FROM {spells}
    GROUP BY customer_key, spell
    HAVING {observed}
),
counted AS (
    SELECT
        *,
        coalesce(ended_on, {cut}) AS last_day,
        spell = max(spell) OVER (PARTITION BY customer_key) AS latest
    FROM spell
),
aged AS (
    SELECT *, {whole} AS whole, {entry_whole} AS entry_whole
    FROM counted
),
parted AS (
    SELECT *, {part} AS part, {entry_part} AS entry_part
    FROM aged
)
SELECT
    customer_key,
    spell,
    latest,
    plan,
    state,
    started_on,
    ended_on,
    ended_on IS NOT NULL AS ended,
    CASE
        WHEN ended_on IS NULL THEN NULL
        WHEN reason IS NULL THEN 'unknown'
        WHEN regexp_matches(reason, 'payment|card|declin|unpaid|dunning|charge|past due|insufficient') THEN 'involuntary'
        ELSE 'voluntary'
    END AS end_kind,
    reason AS end_reason,
    CAST(whole + part AS DOUBLE) AS tenure,
    CAST(CASE WHEN ended_on IS NULL OR part = 0 THEN whole ELSE whole + 1 END AS BIGINT) AS periods,
    CAST(entry_whole + entry_part AS DOUBLE) AS entry,
    CAST(entry_whole AS BIGINT) AS entry_periods,
    CASE WHEN ended_on IS NULL THEN CAST(1 - part AS DOUBLE) END AS next_renewal,
    CAST(coalesce(mrr_running, mrr_last) AS DOUBLE) AS mrr,
    CAST(revenue AS DOUBLE) AS revenue,
    CAST(upgrades AS BIGINT) AS upgrades,
    CAST(downgrades AS BIGINT) AS downgrades,
    CAST(pauses AS BIGINT) AS pauses,
    CAST(contracts AS BIGINT) AS contracts
FROM parted
ORDER BY customer_key, spell
