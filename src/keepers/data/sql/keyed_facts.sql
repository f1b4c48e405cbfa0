-- Facts with their customer's key, a number that is the order's alone, and where they go in the account.
WITH cleaned AS (SELECT *, {clean_id} AS clean_id, {clean_name} AS clean_name FROM {facts}),
joined AS (
    SELECT f.* EXCLUDE (customer_id, clean_id, clean_name), f.clean_id AS customer_id, k.customer_key, s.why AS superseded_by,
           s.by_fact, {shown_id} AS number_shown
    FROM cleaned f
    LEFT JOIN {superseded} s USING (fact_id)
    LEFT JOIN {keys} k ON k.system = f.system AND k.customer_id IS NOT DISTINCT FROM f.clean_id AND k.email IS NOT DISTINCT FROM f.email
        AND k.phone IS NOT DISTINCT FROM f.phone AND k.name IS NOT DISTINCT FROM f.clean_name
),
counted AS (
    SELECT *, row_number() OVER (PARTITION BY kind = 'sale', number_shown ORDER BY superseded_by IS NOT NULL, missing IS NOT NULL, fact_id) AS copy
    FROM joined
)
SELECT * EXCLUDE (number_shown, copy),
       CASE WHEN copy = 1 THEN number_shown ELSE number_shown || ' (' || copy || ')' END AS shown_id,
       CASE
           WHEN missing IS NOT NULL THEN 'quarantined'
           WHEN superseded_by IS NOT NULL THEN 'merged'
           WHEN kind = 'other' THEN 'other'
           WHEN kind = 'refund' THEN 'refund'
           WHEN state <> 'paid' THEN state
           WHEN customer_key IS NULL AND coalesce(gross, amount) = 0 THEN 'other'
           WHEN customer_key IS NULL THEN 'unknown customer'
           ELSE 'counted'
       END AS destination
FROM counted
