-- The contracts of each customer as they stood at the cut; what a status says without a date counts only where it was read.
WITH known AS (
    SELECT
        customer_key,
        cut,
        subscription_id,
        plan,
        interval,
        started_on,
        trial_ends_on,
        CASE WHEN ended_on <= cut THEN ended_on END AS ended_on,
        CASE WHEN ended_on IS NULL AND {status_known} THEN status END AS status,
        CAST(amount AS DOUBLE) * coalesce(quantity, 1) / {months_of_interval} AS mrr
    FROM {subscriptions} AS contract
    WHERE started_on <= cut
),
placed AS (
    SELECT
        *,
        CASE WHEN ended_on IS NULL AND coalesce(status, '') <> 'cancelled' THEN 1 ELSE 0 END AS runs,
        row_number() OVER (
            PARTITION BY customer_key
            ORDER BY CASE WHEN ended_on IS NULL THEN 0 ELSE 1 END, started_on DESC, subscription_id DESC
        ) AS from_last
    FROM known
)
SELECT
    customer_key,
    count(*) AS contracts, -- contracts so far, each change of plan a new one where the source says so [contracts] zero
    sum(runs) AS contracts_running, -- contracts that run [contracts] zero
    max(CASE WHEN from_last = 1 THEN plan END) AS plan, -- plan held now, or last [category] needs plan
    max(CASE WHEN from_last = 1 THEN interval END) AS billing_interval, -- its billing period [category] needs interval
    sum(CASE WHEN runs = 1 AND NOT (trial_ends_on IS NOT NULL AND trial_ends_on >= cut) THEN mrr ELSE 0 END) AS mrr, -- what the running contracts bring a month, after trials [money a month] zero needs amount
    max(mrr) AS largest_mrr, -- most that one contract brought a month [money a month] needs amount
    date_diff('day', min(started_on), max(cut)) AS days_since_first_contract, -- time since the first contract began [days]
    date_diff('day', max(CASE WHEN from_last = 1 THEN started_on END), max(cut)) AS contract_days, -- age of the contract held now, or since the last one began [days]
    max(CASE WHEN from_last = 1 AND runs = 1 AND trial_ends_on >= cut THEN 1 ELSE 0 END) AS in_trial, -- whether the contract is in its trial [flag] zero needs trial_ends_on
    sum(CASE WHEN ended_on IS NOT NULL THEN 1 ELSE 0 END) AS contracts_ended, -- contracts that ended [contracts] zero
    date_diff('day', max(ended_on), max(cut)) AS days_since_contract_end, -- time since a contract ended [days] needs ended_on
    max(CASE WHEN status = 'past_due' THEN 1 WHEN status IS NOT NULL THEN 0 END) AS past_due, -- whether a payment failed and is open, where it was read at the cut [flag]
    max(CASE WHEN status = 'paused' THEN 1 WHEN status IS NOT NULL THEN 0 END) AS paused -- whether a contract is paused, where it was read at the cut [flag]
FROM placed
GROUP BY customer_key
