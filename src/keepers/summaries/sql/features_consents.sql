-- Consents as they stood at the cut, by purpose.
WITH known AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY customer_key, purpose ORDER BY occurred_at DESC, CASE WHEN granted THEN 1 ELSE 0 END) AS from_last
    FROM {consents} AS consent
)
SELECT
    customer_key,
    max(CASE WHEN purpose = {purpose_literal} AND from_last = 1 THEN CASE WHEN granted THEN 1 ELSE 0 END END) AS consent_{purpose}, -- whether the customer consents to {purpose_words}; empty where nothing was said [flag]
    sum(CASE WHEN granted THEN 0 ELSE 1 END) AS withdrawals, -- consents refused or withdrawn so far [times] zero
    greatest(date_diff('day', max(CASE WHEN granted THEN NULL ELSE CAST(occurred_at AS DATE) END), max(cut)), 0) AS days_since_withdrawal -- time since a consent was refused or withdrawn [days]
FROM known
GROUP BY customer_key
