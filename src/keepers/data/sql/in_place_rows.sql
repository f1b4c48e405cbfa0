-- Rows of a table in place under our names and in our types, with where each goes: counted, or why it does not.
SELECT
    *,
    CASE
        WHEN day IS NULL OR (amount IS NULL AND {priced}) OR day > {today} THEN 'quarantined'
        WHEN state <> 'paid' THEN state
        WHEN customer_key IS NULL THEN 'unknown customer'
        ELSE 'counted'
    END AS destination
FROM (
    SELECT {columns}
    FROM {source} AS written
) AS placed
